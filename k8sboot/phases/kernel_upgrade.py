"""Chapter 2.1: install a newer kernel where the running one is older than the inventory's minimum."""

from __future__ import annotations

from contextlib import AbstractContextManager

from k8sboot import ensure, osfamily
from k8sboot.cluster import Cluster
from k8sboot.desired.kubeadm import MEMBER, is_member
from k8sboot.diagnosis.diagnose import KERNEL
from k8sboot.ensure.boot import CONTAINER
from k8sboot.host.cgroups import CGROUPS
from k8sboot.host.host import Host
from k8sboot.host.reads import Reads, union
from k8sboot.inventory.model import Spec
from k8sboot.kubernetes.paths import ADMIN_CONF
from k8sboot.phase import When, masters, nodes, phase

NODES_AT_ONCE = 5


WANTED = When(lambda spec: bool(spec.os.kernel.minimum), otherwise="os.kernel.minimum is not set")


def _reads(_spec: Spec) -> Reads:
    families = union(family.kernels.reads for family in osfamily.FAMILIES)
    return union((families, MEMBER, Reads(files=(ADMIN_CONF,), questions=(CONTAINER, CGROUPS))))


@phase(
    on=masters,
    when=WANTED,
    reads=_reads,
    after=("preflight",),
    at_once=1,
    turn=is_member,
    diagnosis=KERNEL,
)
def kernel_upgrade_masters(cluster: Cluster, host: Host) -> None:
    """Upgrade the kernel of the masters, one at a time."""
    is_restarted = ensure.newer_kernel(
        host,
        cluster.spec.os.kernel,
        check=lambda: _masters_away(cluster, host),
        around=_back_in_cluster(cluster, host),
    )
    if is_restarted and host.file(ADMIN_CONF) is not None:
        host.wait("the API server to be ready", lambda: ensure.apiserver_answers(host), timeout=600)


def _masters_away(cluster: Cluster, host: Host) -> str:
    """The other masters of the cluster whose API server, and so etcd, is not ready; '' for none."""
    others = (m for m in (cluster.first_master, *cluster.other_masters) if m.name != host.name)
    away = {m.name: ensure.apiserver_answers(m) for m in others if m.file(ADMIN_CONF) is not None}
    return "; ".join(f"{name}: {why}" for name, why in away.items() if why)


@phase(
    on=nodes,
    when=WANTED,
    reads=_reads,
    after=("kernel-upgrade-masters",),
    at_once=NODES_AT_ONCE,
    turn=is_member,
    diagnosis=KERNEL,
)
def kernel_upgrade_nodes(cluster: Cluster, host: Host) -> None:
    """Upgrade the kernel of the nodes after the masters, members of the cluster one at a time."""
    ensure.newer_kernel(host, cluster.spec.os.kernel, around=_back_in_cluster(cluster, host))


def _back_in_cluster(cluster: Cluster, host: Host) -> AbstractContextManager[None]:
    what = "reboots this machine and restarts all its containers"
    return ensure.back_in_cluster(cluster, host, what, restarts=is_member(host), stops_containers=True)
