"""Whether a host fits the release of Kubernetes, by the table of releases: its kernel, control groups and disks."""

from __future__ import annotations

from collections.abc import Iterator

from k8sboot import runtime
from k8sboot.cluster import Cluster
from k8sboot.desired.kubeadm import accepts_cgroup_v1, kubelet_fields
from k8sboot.host.cgroups import CGROUPS, has_cgroup_v1
from k8sboot.host.host import Host
from k8sboot.host.peer import Peer
from k8sboot.host.reads import Question, Reads
from k8sboot.inventory.model import Spec
from k8sboot.kubernetes import releases
from k8sboot.kubernetes.disk_pressure import Shortage, deletes_images, disks, evictions, lifted
from k8sboot.kubernetes.kernel import is_at_least, kernel_version
from k8sboot.kubernetes.release import Kernels, Release
from k8sboot.scripts import render

KUBELET_DIR = "/var/lib/kubelet"


def reads(spec: Spec) -> Reads:
    """What these checks read on a host."""
    return Reads(questions=(CGROUPS, _disk(spec)))


def _disk(spec: Spec) -> Question:
    images = spec.runtime.data_root or runtime.of(spec).data_dir
    return Question("kubelet-disk", render("kubelet-disk", NODE_FS=KUBELET_DIR, IMAGE_FS=images), shares=True)


def misfits(cluster: Cluster, host: Peer) -> Iterator[str]:
    """Why kubeadm or kubelet of this release would refuse the host, with what it could run instead."""
    release = cluster.spec.cluster.release
    yield from _kernel(cluster, host, release)
    yield from _cgroups(cluster, host, release)
    yield from _disks(cluster, host)


def tell_doubts(cluster: Cluster, host: Host) -> None:
    """Tell what this release warns of, and what was not proven."""
    release = cluster.spec.cluster.release
    _tell_kernel(host, release)
    if release.package_repository == "pkgs.k8s.io" and _is_el7(host):
        text = f"Kubernetes {release.name} on {host.facts.os_name or 'EL7'} is not proven: it was never tested there"
        host.notice("KB-NOT-PROVEN", text)
    for short in _short_of_images(cluster, host):
        text = (
            f"{short.disk.mount} has {short.has} free: below {short.needs} kubelet deletes images; "
            f"`{lifted(short.percent_free)}` lifts that"
        )
        host.notice("KB-DISK-THRESHOLD", text)


def _tell_kernel(host: Host, release: Release) -> None:
    kernel = host.facts.kernel
    if not release.kernels.is_required and not release.kernels.accept(kernel_version(kernel)):
        tested = _tested(release.kernels)
        text = f"kubeadm {release.name} was not tested with kernel {kernel}, only with {tested}"
        host.notice("KB-KERNEL-UNTESTED", text)


def _short_of_images(cluster: Cluster, host: Peer) -> Iterator[Shortage]:
    kubelet = kubelet_fields(cluster.spec)
    for disk in disks(host.answer(_disk(cluster.spec)).text):
        short = deletes_images(disk, kubelet)
        if short and not any(evictions(disk, kubelet)):
            yield short


def _is_el7(host: Peer) -> bool:
    is_el = bool({"rhel", "centos"} & {host.facts.os_id, *host.facts.os_like})
    return is_el and host.facts.os_version.partition(".")[0] == "7"


def _kernel(cluster: Cluster, host: Peer, release: Release) -> Iterator[str]:
    """A kernel that kubeadm refuses, unless the inventory brings a newer one."""
    needed, wanted = release.kernels, cluster.spec.os.kernel
    found = kernel_version(host.facts.kernel)
    is_replaced = (
        bool(wanted.packages)
        and not is_at_least(host.facts.kernel, wanted.minimum)
        and needed.accept(kernel_version(wanted.minimum))
    )
    if needed.is_required and not needed.accept(found) and not is_replaced:
        oldest = ".".join(map(str, needed.oldest))
        yield (
            f"its kernel {host.facts.kernel} is older than {oldest}, which kubeadm {release.name} requires: "
            f"{_instead(host)}, or set `os.kernel`"
        )


def _cgroups(cluster: Cluster, host: Peer, release: Release) -> Iterator[str]:
    is_refused = release.cgroup_v1 == "refused" and not accepts_cgroup_v1(cluster.spec)
    if is_refused and has_cgroup_v1(host):
        yield (
            f"it uses control groups v1, with which kubelet {release.name} does not start: {_instead(host)}, or "
            "boot it with v2 (`systemd.unified_cgroup_hierarchy=1` on the kernel's command line), or set "
            "`os: {allowCgroupV1: true}`"
        )


def _instead(host: Peer) -> str:
    """The newest release that the host could run as it is."""
    row = releases.newest_for(kernel_version(host.facts.kernel), has_cgroup_v1=has_cgroup_v1(host))
    return (
        f"set `cluster.kubernetesVersion: {row.newest}`, the newest that it can run" if row else "replace it"
    )


def _disks(cluster: Cluster, host: Peer) -> Iterator[str]:
    """Disks on which kubelet would evict Pods from the start, each once."""
    found = disks(host.answer(_disk(cluster.spec)).text)
    short = [each for disk in found for each in evictions(disk, kubelet_fields(cluster.spec))]
    for each in {each.disk.mount: each for each in short}.values():
        yield (
            f"{each.disk.mount} has {each.has} free: below {each.needs} ({each.signal}) kubelet evicts Pods "
            f"and takes no new ones: free space, or set `{lifted(each.percent_free)}`"
        )


def _tested(kernels: Kernels) -> str:
    series = (".".join(map(str, each)) for each in kernels.series)
    return ", ".join((*series, f"{'.'.join(map(str, kernels.since))} and later"))
