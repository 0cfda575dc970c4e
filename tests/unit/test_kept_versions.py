"""What `up` does not change on hosts that have a past: Kubernetes' version, and a newer runtime."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_cluster import FakeCluster
from families import machines
from inventories import saying
from runs import mutations, raise_errors, run

from k8sboot.events import Notice
from k8sboot.runbook import UP

pytestmark = pytest.mark.usefixtures("clock")

BY_NAME = {phase.name: phase for phase in UP}
NAMES_OF_UP = [phase.name for phase in UP]


def of_version(it: FakeCluster, version: str) -> FakeCluster:
    spec = replace(it.spec, cluster=replace(it.spec.cluster, kubernetes_version=version))
    it.spec = saying(spec, "cluster.kubernetesVersion")
    return it


@pytest.mark.parametrize("is_dry", [False, True], ids=["up", "plan"])
@pytest.mark.parametrize("version", ["v1.23.18", "v1.23.16", "v1.22.17"])
def test_another_version_than_the_clusters_is_refused_before_anything_is_altered(finished, version, is_dry):
    it = of_version(finished, version)
    told = run(it, UP, is_dry=is_dry)
    assert set(told.errors.values()) == {"KB-KUBERNETES-VERSION"}
    error = told.report.errors["m1"]
    assert "kubelet 1.23.17 on m1, n1, n2" in error.what
    assert version.removeprefix("v") in error.what
    assert "`cluster.kubernetesVersion: v1.23.17`" in error.fix
    assert told.changes == {}
    assert mutations(it) == {}


@pytest.mark.parametrize(
    ("version", "code", "why"),
    [
        ("v1.24.0", "KB-VERSION-RUNTIME", "cannot use Docker: dockershim was removed in 1.24"),
        ("v1.37.2", "KB-VERSION-RUNTIME", "cannot use Docker"),
        ("v1.38.0", "KB-VERSION-UNKNOWN", "k8sboot knows Kubernetes 1.19 to 1.37, not v1.38.0"),
        ("v1.18.20", "KB-VERSION-UNKNOWN", "not v1.18.20"),
    ],
)
def test_a_cluster_of_a_release_that_k8sboot_does_not_install_is_refused_by_name(
    finished, version, code, why
):
    it = of_version(finished, version)
    told = run(it, [BY_NAME["preflight"]])
    assert set(told.errors.values()) == {code}
    error = told.report.errors["m1"]
    assert version in error.what
    assert why in error.why
    assert mutations(it) == {}


@pytest.mark.parametrize("phase", ["package-versions", "kube-packages"])
def test_a_phase_alone_does_not_change_the_version_either(finished, phase):
    it = of_version(finished, "v1.23.18")
    told = run(it, [BY_NAME[phase]])
    assert set(told.errors.values()) == {"KB-KUBERNETES-VERSION"}
    assert mutations(it) == {}


def test_one_member_that_differs_stops_all(finished):
    finished.hosts["n2"].packages["kubelet"] = "1.23.16-00"
    told = run(finished, UP)
    assert "kubelet 1.23.16 on n2" in told.report.errors["m1"].what
    assert mutations(finished) == {}


def test_a_tool_that_was_upgraded_by_hand_is_named_and_no_version_proposed(finished):
    finished.hosts["m1"].packages["kubeadm"] = "1.23.18-00"
    error = run(finished, UP).report.errors["m1"]
    assert "kubeadm 1.23.18 on m1" in error.what
    assert "by hand" in error.fix


def test_packages_of_an_unfinished_first_up_are_corrected_and_a_downgrade_is_told(family):
    it = machines(family)
    raise_errors(run(it, UP[: NAMES_OF_UP.index("kube-packages") + 1]))
    for host in it.hosts.values():
        version = host.packages["kubelet"].replace("1.23.17", "1.23.18")
        for name in ("kubelet", "kubeadm", "kubectl"):
            host.packages.update({name: version} if name in host.packages else {})
        host.has_fresh_lists = True
    told = raise_errors(run(it, UP))
    assert sorted(it.members) == ["m1", "n1", "n2"]
    assert "1.23.17" in it.hosts["n1"].packages["kubelet"]
    notices = [e.text for e in told.of(Notice) if e.code == "KB-PACKAGE-DOWNGRADE" and e.host == "n1"]
    assert len(notices) == 1
    assert "kubelet" in notices[0]


@pytest.mark.parametrize("is_dry", [False, True], ids=["up", "plan"])
def test_a_newer_runtime_is_refused_before_anything_is_altered(family, is_dry):
    it = machines(family)
    newer = "3:26.1.4-1.el7" if family == "el7" else "5:26.1.4-1~debian"
    for host in it.hosts.values():
        host.packages["docker-ce"] = newer
    told = run(it, UP, is_dry=is_dry)
    assert set(told.errors.values()) == {"KB-PACKAGE-DOWNGRADE"}
    error = told.report.errors["m1"]
    assert f"docker-ce {newer}" in error.what
    assert "20.10" in error.what
    assert "runtime.allowDowngrade: true" in error.fix
    assert mutations(it) == {}


@pytest.mark.parametrize(
    ("installed", "prefix", "is_refused"),
    [
        ("5:24.0.7-1~debian", "20.10", True),
        ("5:20.10.24~3-0~debian", "20.10", False),
        ("5:20.10.24~3-0~debian", "20.10.23", True),
        ("5:19.03.1~3-0~debian", "20.10", False),
        ("5:24.0.7-1~debian", "24", False),
        ("5:24.0.7-1~debian", "", True),  # where the inventory names none, 20.10
    ],
)
def test_what_counts_as_newer(bare, installed, prefix, is_refused):
    bare.spec = replace(bare.spec, runtime=replace(bare.spec.runtime, version=prefix))
    bare.hosts["n1"].packages["docker-ce"] = installed
    told = run(bare, [BY_NAME["preflight"]])
    assert ("n1" in told.errors) == is_refused


def test_kubectl_that_a_node_has_as_a_dependency_may_have_any_version(finished):
    finished.hosts["n1"].packages["kubectl"] = "1.23.9-00"
    assert raise_errors(run(finished, UP)).changes == {}
    finished.hosts["m1"].packages["kubectl"] = "1.23.9-00"
    assert "kubectl 1.23.9 on m1" in run(finished, UP).report.errors["m1"].what
