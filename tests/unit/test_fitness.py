"""Whether a host fits the release of Kubernetes: refused before anything is changed, with what it could run instead."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_cluster import FakeCluster
from inventories import spec
from runs import run

from k8sboot.desired import kept
from k8sboot.events import Notice
from k8sboot.inventory.model import KubeadmPatches
from k8sboot.inventory.os_settings import KernelPackage, KernelSettings
from k8sboot.kubernetes import releases
from k8sboot.phases.preflight import preflight

GIB = 1024 * 1024
ROOMY = f"nodefs / {100 * GIB} {50 * GIB} 1000 900\nimagefs / {100 * GIB} {50 * GIB} 1000 900\n"


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    """Machines for any release, whatever runtime it needs."""
    monkeypatch.setattr(kept, "refuse_unsupported", lambda _cluster: None)
    return FakeCluster(spec())


def wanting(cluster: FakeCluster, minor: int, **os: object) -> FakeCluster:
    version = releases.nearest(minor).newest
    wanted = replace(cluster.spec.cluster, kubernetes_version=version)
    cluster.spec = replace(cluster.spec, cluster=wanted, os=replace(cluster.spec.os, **os))
    return cluster


def refused(cluster: FakeCluster, host: str = "n1") -> str:
    """Why that host is refused, '' if it is not; no host was changed."""
    told = run(cluster, [preflight])
    assert all(each.mutations == [] for each in cluster.hosts.values())
    assert told.report.errors.keys() <= {host}
    return told.report.errors[host].what if host in told.report.errors else ""


def notices(cluster: FakeCluster, host: str = "n1") -> dict[str, str]:
    events = run(cluster, [preflight]).events
    return {e.code: e.text for e in events if isinstance(e, Notice) and e.host == host}


@pytest.mark.parametrize(
    ("minor", "kernel", "words"),
    [
        (31, "3.10.0-1160.el7.x86_64", ""),
        (32, "3.10.0-1160.el7.x86_64", "older than 4.19, which kubeadm 1.32 requires"),
        (33, "4.18.0-553.el8_10.x86_64", "older than 4.19, which kubeadm 1.33 requires"),
        (33, "4.19.0-27-amd64", ""),
        (34, "4.18.0-553.el8_10.x86_64", ""),
    ],
)
def test_a_kernel_that_kubeadm_refuses_is_refused_before(bare: FakeCluster, minor, kernel, words):
    bare.hosts["n1"].facts["kernel"] = kernel
    what = refused(wanting(bare, minor))
    assert words in what
    assert bool(what) == bool(words)


def test_a_kernel_that_is_to_be_replaced_is_not_refused(bare: FakeCluster):
    bare.hosts["n1"].facts["kernel"] = "3.10.0-1160.el7.x86_64"
    packages = (KernelPackage("http://mirror.example.com/kernel.rpm", "0" * 64),)
    assert refused(wanting(bare, 32, kernel=KernelSettings("5.4.278", packages))) == ""
    assert "older than 4.19" in refused(wanting(bare, 32, kernel=KernelSettings("4.4", packages)))


@pytest.mark.parametrize(
    ("minor", "kernel", "is_told"),
    [(33, "5.14.0-1.el9", False), (34, "5.14.0-1.el9", True), (34, "5.15.0-1", False), (37, "6.1.0", False)],
)
def test_a_kernel_that_kubeadm_was_not_tested_with_is_told(bare: FakeCluster, minor, kernel, is_told):
    bare.hosts["n1"].facts["kernel"] = kernel
    found = notices(wanting(bare, minor)).get("KB-KERNEL-UNTESTED", "")
    assert bool(found) == is_told
    assert not is_told or found.endswith("only with 5.4, 5.10, 5.15, 6.0 and later")


def test_cgroup_v1_is_refused_from_its_release_on_unless_the_inventory_accepts_it(bare: FakeCluster):
    bare.hosts["n1"].answers["cgroups"] = "tmpfs\n"
    assert refused(wanting(bare, 34)) == ""
    what = refused(wanting(bare, 35))
    assert "control groups v1, with which kubelet 1.35 does not start" in what
    assert f"cluster.kubernetesVersion: {releases.nearest(34).newest}`, the newest that it can run" in what
    assert "os: {allowCgroupV1: true}" in what
    assert refused(wanting(bare, 35, allow_cgroup_v1=True)) == ""


def test_a_host_with_an_old_kernel_and_cgroup_v1_is_told_what_it_can_run(bare: FakeCluster):
    bare.hosts["n1"].facts["kernel"] = "3.10.0-1160.el7.x86_64"
    bare.hosts["n1"].answers["cgroups"] = "tmpfs\n"
    assert releases.nearest(34).newest in refused(wanting(bare, 32)), "kubeadm 1.34 only warns of the kernel"


def test_el7_with_a_release_that_was_never_tried_there_is_told(bare: FakeCluster):
    bare.hosts["n1"].put("/etc/os-release", 'ID="centos"\nID_LIKE="rhel fedora"\nVERSION_ID="7"\n')
    assert "KB-NOT-PROVEN" not in notices(wanting(bare, 23))
    assert "KB-NOT-PROVEN" in notices(wanting(bare, 24))


def disk(nodefs: float, imagefs: float, *, mounts: str = "/ /images", inodes: int = 900) -> str:
    """What a host tells of 100 GiB each, of which so many are free."""
    node, images = mounts.split()
    return (
        f"nodefs {node} {100 * GIB} {int(nodefs * GIB)} 1000 {inodes}\n"
        f"imagefs {images} {100 * GIB} {int(imagefs * GIB)} 1000 900\n"
    )


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (disk(50, 50), ""),
        (disk(10, 15), ""),
        (disk(9.9, 50), "/ has 9.9 GiB free: below 10.0 GiB (nodefs.available) kubelet evicts Pods"),
        (disk(50, 14.9), "/images has 14.9 GiB free: below 15.0 GiB (imagefs.available)"),
        (disk(50, 50, inodes=40), "/ has 40 inodes free: below 50 inodes (nodefs.inodesFree)"),
        ("nodefs / 0 0 0 0\n", ""),
        ("nodefs / -\n", ""),
    ],
)
def test_a_disk_on_which_kubelet_would_evict_is_refused(bare: FakeCluster, told, words):
    bare.hosts["n1"].answers["kubelet-disk"] = told
    what = refused(bare)
    assert words in what
    assert bool(what) == bool(words)


def test_a_disk_is_told_once_with_lines_that_lift_the_threshold(bare: FakeCluster):
    bare.hosts["n1"].answers["kubelet-disk"] = disk(8, 8, mounts="/ /")
    what = refused(bare)
    assert what.count("GiB free") == 1
    patch = {
        "evictionHard": {"nodefs.available": "4%", "nodefs.inodesFree": "4%", "imagefs.available": "4%"},
        "imageGCHighThresholdPercent": 96,
    }
    assert "evictionHard: {nodefs.available: 4%, nodefs.inodesFree: 4%, imagefs.available: 4%, " in what
    assert "imageGCHighThresholdPercent: 96, imageGCLowThresholdPercent: 91" in what
    bare.spec = replace(bare.spec, kubeadm=KubeadmPatches(kubelet_configuration=patch))
    assert refused(bare) == ""
    assert notices(bare) == {}


def test_images_that_kubelet_would_delete_are_told(bare: FakeCluster):
    hard = {"evictionHard": {"imagefs.available": "5Gi"}}
    bare.spec = replace(bare.spec, kubeadm=KubeadmPatches(kubelet_configuration=hard))
    bare.hosts["n1"].answers["kubelet-disk"] = disk(1, 14)
    text = notices(bare)["KB-DISK-THRESHOLD"]
    assert text.startswith("/images has 14.0 GiB free: below 15.0 GiB kubelet deletes images")
    bare.hosts["n1"].answers["kubelet-disk"] = disk(1, 4.9)
    assert "below 5.0 GiB (imagefs.available)" in refused(bare)


def test_a_member_is_not_asked_what_it_runs_already(finished: FakeCluster):
    finished.hosts["n1"].answers["kubelet-disk"] = disk(1, 1)
    assert refused(finished) == ""
