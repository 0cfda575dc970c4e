"""Labels and taints of the nodes, which may change while the cluster runs."""

from __future__ import annotations

from k8sboot import ensure
from k8sboot.cluster import Cluster
from k8sboot.diagnosis.diagnose import NODES
from k8sboot.host.host import Host
from k8sboot.phase import first_master, phase


@phase(
    on=first_master,
    reads=ensure.labels_and_taints_reads,
    after=("join-masters", "join-nodes"),
    scope="cluster",
    diagnosis=NODES,
)
def node_settings(cluster: Cluster, host: Host) -> None:
    """Set the labels and taints of the inventory, and remove those that it no longer has.

    A host that failed or was refused stays as it is.
    """
    served = {peer.name for peer in cluster.chosen} - cluster.failed
    everyone = cluster.spec.hosts
    ensure.labels_and_taints(host, everyone, [each for each in everyone if each.name in served])
