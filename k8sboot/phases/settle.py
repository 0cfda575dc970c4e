"""What the phases before have put into the cluster comes up: waited for once, all together."""

from __future__ import annotations

from k8sboot import ensure
from k8sboot.cluster import Cluster
from k8sboot.diagnosis.diagnose import NODES
from k8sboot.host.host import Host
from k8sboot.phase import first_master, phase


@phase(
    on=first_master,
    after=("calico", "metrics-server", "kube-proxy", "join-masters", "join-nodes"),
    scope="cluster",
    diagnosis=NODES,
)
def settle(cluster: Cluster, host: Host) -> None:
    """Wait for the system's workloads to be ready."""
    ensure.settled(host, "kube-system", timeout=600)
