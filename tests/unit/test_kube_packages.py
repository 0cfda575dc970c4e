"""Kubernetes' packages and their companions, which have versions of their own, in the layout of pkgs.k8s.io."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from fake_cluster import FakeCluster
from fake_systems import MIRRORED, debian, el7
from fake_yum import EL9
from inventories import spec
from runs import raise_errors, run

from k8sboot.desired.packages import asked_for, companions, kubernetes_packages
from k8sboot.inventory.model import ClusterSettings
from k8sboot.inventory.os_settings import OsSettings
from k8sboot.osfamily import rhel_tools
from k8sboot.runbook import UP

PHASES = [phase for phase in UP if phase.name in ("os-packages", "package-versions", "kube-packages")]
DEBS = {
    **dict.fromkeys(("kubeadm", "kubelet", "kubectl"), ("1.37.2-1.1", "1.37.1-1.1")),
    "cri-tools": ("1.37.0-1.1",),
    "kubernetes-cni": ("1.10.0-1.1",),
}
RPMS = {name: tuple(f"0:{v.replace('-1.1', '-150500.1.1')}" for v in found) for name, found in DEBS.items()}
VERSIONED = ("kubeadm", "kubelet", "kubectl")
COMPANIONS = ("kubernetes-cni", "cri-tools")


def asked(version: str = "v1.37.2"):
    return spec(cluster=ClusterSettings(kubernetes_version=version), os=OsSettings(repositories=MIRRORED))


def deb():
    bare = debian()
    return {**bare, "offered": {**bare["offered"], **DEBS}}


def rpm():
    bare = el7()
    files = {**bare["files"], "/etc/os-release": EL9}
    tools = dict.fromkeys(rhel_tools.tools("9"), ("0:1.0-1.el9",))
    return {**bare, "offered": {**bare["offered"], **RPMS, **tools}, "files": files}


def installed(cluster: FakeCluster, host: str) -> Mapping[str, str]:
    there = cluster.hosts[host].packages
    return {name: there[name] for name in DEBS if name in there}


@pytest.mark.parametrize("version", ["v1.24.17", "v1.31.14", "v1.32.13", "v1.37.2"])
def test_from_1_24_on_companions_are_named_and_held_at_versions_of_their_own(version):
    assert kubernetes_packages(asked(version)) == VERSIONED
    assert tuple(each.name for each in companions(asked(version))) == COMPANIONS
    assert all(each.is_held and not each.version for each in companions(asked(version)))
    assert {asked_for(asked(version))[name].version for name in VERSIONED} == {f"={version[1:]}"}


def test_up_to_1_23_there_are_none():
    assert companions(asked("v1.23.17")) == ()
    assert kubernetes_packages(asked("v1.23.17")) == VERSIONED


@pytest.mark.parametrize(("bare", "offered"), [(deb, DEBS), (rpm, RPMS)])
def test_they_are_installed_in_one_go_with_kubernetes_and_stay(bare, offered):
    cluster = FakeCluster(asked(), m1=bare, n1=bare, n2=bare)
    told = raise_errors(run(cluster, PHASES))
    assert sum("cri-tools" in each and each.startswith("install") for each in told.changes["m1"]) == 1
    assert installed(cluster, "m1") == {name: versions[0] for name, versions in offered.items()}
    assert set(DEBS) - set(installed(cluster, "n1")) == {"kubectl"}
    assert raise_errors(run(cluster, PHASES)).changes == {}


def test_debian_holds_all_of_them():
    cluster = FakeCluster(asked(), m1=deb, n1=deb, n2=deb)
    raise_errors(run(cluster, PHASES))
    assert set(DEBS) <= cluster.hosts["m1"].held


def test_dnf_locks_all_of_them_and_needs_no_plugin_of_yum_3():
    cluster = FakeCluster(asked(), m1=rpm, n1=rpm, n2=rpm)
    for host in cluster.hosts.values():
        del host.offered["yum-plugin-versionlock"], host.offered["curl"]
        host.packages["curl-minimal"] = "0:7.76.1-31.el9"
    told = raise_errors(run(cluster, PHASES))
    assert "KB-PACKAGE-ABSENT" not in told.codes
    locks = cluster.hosts["m1"].text("/etc/dnf/plugins/versionlock.list").splitlines()
    assert {f"{name}-{versions[0]}.*" for name, versions in RPMS.items()} <= {*locks}
    assert raise_errors(run(cluster, PHASES)).changes == {}


def test_the_repository_file_of_el9_excludes_all_of_them_from_updates():
    cluster = FakeCluster(asked(), m1=rpm, n1=rpm, n2=rpm)
    raise_errors(run(cluster, PHASES))
    text = cluster.hosts["m1"].text("/etc/yum.repos.d/k8sboot-kubernetes.repo")
    assert "\nexclude=kubeadm kubelet kubectl kubernetes-cni cri-tools\n" in text


def test_an_older_companion_stays_while_kubernetes_stays():
    cluster = FakeCluster(asked(), m1=deb, n1=deb, n2=deb)
    raise_errors(run(cluster, PHASES))
    cluster.hosts["m1"].packages["kubernetes-cni"] = "1.7.1-1.1"
    assert raise_errors(run(cluster, PHASES)).changes == {}


OLD = {
    **dict.fromkeys(VERSIONED, "1.28.15-1.1"),
    "cri-tools": "1.28.0-1.1",
    "kubernetes-cni": "1.12.0-1.1",
}


def with_old(host):
    host.packages.update(OLD)
    host.held.update(OLD)


def test_a_held_companion_that_is_older_is_replaced_together_with_kubernetes():
    cluster = FakeCluster(asked(), m1=deb, n1=deb, n2=deb)
    with_old(cluster.hosts["m1"])
    told = raise_errors(run(cluster, PHASES))
    assert "install kubeadm=1.37.2-1.1 kubelet=1.37.2-1.1 kubectl=1.37.2-1.1 cri-tools" in told.changes["m1"]
    assert installed(cluster, "m1")["cri-tools"] == "1.37.0-1.1"
    assert installed(cluster, "m1")["kubernetes-cni"] == "1.12.0-1.1", "a newer one stays"
    assert raise_errors(run(cluster, PHASES)).changes == {}


def test_an_older_companion_stays_if_the_repository_has_none():
    cluster = FakeCluster(asked(), m1=deb, n1=deb, n2=deb)
    with_old(cluster.hosts["m1"])
    del cluster.hosts["m1"].offered["cri-tools"]
    told = raise_errors(run(cluster, PHASES))
    assert installed(cluster, "m1")["cri-tools"] == "1.28.0-1.1"
    assert "KB-PACKAGE-ABSENT" not in told.codes


def test_a_dry_run_plans_a_companion_that_follows():
    cluster = FakeCluster(asked(), m1=deb, n1=deb, n2=deb)
    with_old(cluster.hosts["m1"])
    told = raise_errors(run(cluster, PHASES, is_dry=True))
    assert any(each.startswith("install kubeadm=") and "cri-tools" in each for each in told.changes["m1"])


def missing(bare, version: str, **offered: tuple[str, ...]):
    cluster = FakeCluster(asked(version), m1=bare, n1=bare, n2=bare)
    for host in cluster.hosts.values():
        host.offered.update(offered)
    told = run(cluster, PHASES)
    assert told.errors["m1"] == "KB-PACKAGE-MISSING"
    return told.report.errors["m1"]


@pytest.mark.parametrize("bare", [deb, rpm])
def test_a_patch_that_the_repository_does_not_have_is_refused_with_its_url_and_newest_patch(bare):
    error = missing(bare, "v1.37.9")
    assert "kubeadm =1.37.9" in error.what
    assert error.why == "http://mirror.example.com/kubernetes has kubeadm 1.37 up to 1.37.2"
    assert error.fix.startswith("set `cluster.kubernetesVersion: v1.37.2`, or a mirror that has 1.37.9 ")


def test_a_repository_of_another_minor_has_none():
    error = missing(deb, "v1.36.5")
    assert error.why == "http://mirror.example.com/kubernetes has no kubeadm of 1.36"
    assert error.fix.startswith("check os.repositories")


def test_a_companion_that_the_repository_does_not_have_yet():
    cluster = FakeCluster(asked(), m1=deb, n1=deb, n2=deb)
    del cluster.hosts["m1"].offered["cri-tools"]
    told = run(cluster, PHASES)
    assert told.errors["m1"] == "KB-PACKAGE-MISSING"
    assert told.report.errors["m1"].why == "http://mirror.example.com/kubernetes has no cri-tools"


@pytest.mark.parametrize("bare", [deb, rpm])
def test_a_minor_that_the_mirror_does_not_have_is_named_with_the_url(bare):
    preset = replace(asked(), os=OsSettings(mirror="tuna", repositories={"docker": MIRRORED["docker"]}))
    told = run(FakeCluster(preset, m1=bare, n1=bare, n2=bare), PHASES)
    wanted = "https://mirrors.tuna.tsinghua.edu.cn/kubernetes/core:/stable:/v1.37/"
    error = told.report.errors["m1"]
    assert error.error_code == "KB-REPOSITORY"
    assert f"cannot fetch {wanted}" in error.what
    assert error.what.endswith(" of the repository of Kubernetes 1.37, mirror tuna")
