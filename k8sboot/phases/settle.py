"""Wait once for all that the earlier phases have started in the cluster."""

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
    """Wait until all workloads in kube-system are ready."""
    ensure.settled(host, "kube-system", timeout=600)
