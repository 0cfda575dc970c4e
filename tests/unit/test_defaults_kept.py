"""Clusters that an earlier k8sboot made: with the lines of KB-VERSION-MISSING, or with fewer, nothing changes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_cluster import FakeCluster
from families import machines
from inventories import CALICO
from runs import raise_errors, run

from k8sboot.events import Notice
from k8sboot.inventory.lint_required import EARLIER, keeping_lines
from k8sboot.inventory.load import load
from k8sboot.osfamily import mirrors
from k8sboot.osfamily.family import Source
from k8sboot.runbook import UP

pytestmark = pytest.mark.usefixtures("clock")

TOLD = "KB-DEFAULT-KEPT"
HOSTS = "masters: [{name: m1, address: 192.0.2.1}]\nnodes: [{name: n1, address: 192.0.2.2}]\n"


@pytest.fixture
def spec_of(tmp_path):
    """The inventory of a text, for the machines of a fake cluster: its hosts, repositories and Calico's manifest."""

    def of(text: str, cluster: FakeCluster):
        (tmp_path / "i.yaml").write_text(HOSTS + text)
        it, theirs = load(str(tmp_path / "i.yaml"), environ={}).spec, cluster.spec
        return replace(
            it,
            masters=theirs.masters,
            nodes=theirs.nodes,
            cluster=replace(it.cluster, control_plane_endpoint=theirs.cluster.control_plane_endpoint),
            os=replace(it.os, repositories=theirs.os.repositories),
            calico=replace(it.calico, manifest=str(CALICO)),
        )

    return of


def files_of(cluster: FakeCluster):
    return {name: dict(host.files) for name, host in cluster.hosts.items()}


def of_earlier(family: str, spec_of) -> FakeCluster:
    """A cluster as the defaults of that time made it."""
    cluster = machines(family)
    cluster.spec = spec_of("\n".join(keeping_lines(frozenset())), cluster)
    raise_errors(run(cluster, UP))
    return cluster


@pytest.mark.parametrize("family", ["debian", "el7"])
def test_with_the_pasted_lines_nothing_changes_and_nothing_is_told(family, spec_of):
    cluster = of_earlier(family, spec_of)
    before = files_of(cluster)
    ran = raise_errors(run(cluster, UP))
    assert (ran.changes, files_of(cluster)) == ({}, before)
    assert TOLD not in ran.codes
    config = cluster.hosts["m1"].text("/etc/kubernetes/k8sboot/kubeadm-config.yaml")
    assert EARLIER["cluster.imageRepository"] in config
    assert "mode: ipvs" in config


def test_with_the_version_alone_nothing_changes_and_what_is_kept_is_told(spec_of):
    cluster = of_earlier("debian", spec_of)
    before = files_of(cluster)
    cluster.spec = spec_of("cluster: {kubernetesVersion: v1.23.17}\n", cluster)
    ran = raise_errors(run(cluster, UP))
    assert (ran.changes, files_of(cluster)) == ({}, before)
    (text,) = [each.text for each in ran.of(Notice) if each.code == TOLD]
    assert f"cluster.imageRepository: {EARLIER['cluster.imageRepository']}" in text
    assert "kubeProxy.mode" not in text, "the default of this release is what the cluster has"


@pytest.mark.parametrize(
    ("said", "url", "found"),
    [
        (set(), f"{mirrors.DOCKER['aliyun']}/linux/debian", ("aliyun",)),
        (set(), f"{mirrors.KUBERNETES['tuna']}/v1.37/deb", ("tuna",)),
        (set(), f"{mirrors.DOCKER['upstream']}/linux/debian", ()),
        ({"mirror"}, f"{mirrors.DOCKER['aliyun']}/linux/debian", ()),
        (set(), "https://own.example.com/docker", ()),
    ],
)
def test_the_mirror_that_a_host_keeps_is_known(said, url, found):
    cluster = machines("debian")
    wanted = replace(cluster.spec, os=replace(cluster.spec.os, repositories={}), said=frozenset(said))
    assert mirrors.kept_mirrors(wanted, {"docker": Source(url)}) == found
