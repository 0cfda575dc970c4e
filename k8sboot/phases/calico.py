"""Chapter 2.5: the pods' network."""

from __future__ import annotations

from k8sboot import ensure
from k8sboot.cluster import Cluster
from k8sboot.desired import by_command
from k8sboot.desired.calico import NODE_ADDRESSES, calico_manifest, unpinned_digest
from k8sboot.desired.network import CNI_IN_FORCE
from k8sboot.host.host import Host
from k8sboot.host.peer import Command
from k8sboot.host.reads import Reads, union
from k8sboot.kubernetes import commands
from k8sboot.phase import When, first_master, phase


@phase(
    on=first_master,
    when=When(lambda spec: spec.plugin == "calico", otherwise="network.plugin is not calico"),
    reads=union((ensure.manifest_reads("calico"), Reads(questions=(NODE_ADDRESSES, CNI_IN_FORCE)))),
    after=("kubeadm-init",),
    scope="cluster",
)
def calico(cluster: Cluster, host: Host) -> None:
    """Install Calico, the pods' network."""
    by_command.refuse_other_network(cluster, host)
    has_node_addresses = host.answer(NODE_ADDRESSES).exit_status == 0
    text = calico_manifest(cluster, has_node_addresses=has_node_addresses)
    _tell_if_unpinned(host, unpinned_digest(cluster))
    ensure.manifest(host, "calico", text, restarts=_restarts(cluster, host))


def _tell_if_unpinned(host: Host, digest: str) -> None:
    if digest:
        host.notice(
            "KB-MANIFEST-UNPINNED",
            f"nothing pins Calico's manifest: set `sha256: {digest}` in `calico` of the inventory",
        )


def _restarts(cluster: Cluster, host: Host) -> tuple[Command, ...]:
    """calico-node reads the MTU from its ConfigMap when it starts: it is restarted on one host after the other."""
    running = ensure.running_cluster_now(host)
    if running is None or running.calico_mtu in ("", str(cluster.spec.calico.mtu)):
        return ()
    return (commands.rollout_restart("daemonset", "calico-node", namespace="kube-system"),)
