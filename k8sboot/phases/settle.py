"""Wait once for all that the earlier phases have started in the cluster."""

from __future__ import annotations

from k8sboot import ensure
from k8sboot.cluster import Cluster
from k8sboot.desired import network
from k8sboot.diagnosis.diagnose import NODES
from k8sboot.host.host import Host
from k8sboot.host.reads import Reads
from k8sboot.inventory.model import Spec
from k8sboot.kubernetes import commands, parsers
from k8sboot.phase import first_master, phase

NAMESPACE, TIMEOUT = "kube-system", 600


@phase(
    on=first_master,
    reads=Reads(cluster=(ensure.workloads_of(NAMESPACE),)),
    after=("calico", "pod-network", "metrics-server", "kube-proxy", "join-masters", "join-nodes"),
    scope="cluster",
    diagnosis=NODES,
)
def settle(cluster: Cluster, host: Host) -> None:
    """Wait until all workloads in kube-system are ready."""
    if cluster.spec.plugin == "none":
        aim = "the Pods of kube-system to be ready, as far as there is a network for them"
        host.wait(aim, lambda: _unsettled(cluster.spec, host), timeout=TIMEOUT)
    else:
        ensure.settled(host, NAMESPACE, timeout=TIMEOUT)


def _unsettled(spec: Spec, host: Host) -> str:
    if not network.is_missing(spec, host):
        return ensure.unsettled(host, NAMESPACE)
    asked = commands.get_fields("pods", parsers.POD_ADDRESSES, namespace=NAMESPACE)
    pods = parsers.pod_addresses(host.read(asked))
    return ", ".join(f"{pod.name} on {pod.node}" for pod in pods if pod.on_host and not pod.is_ready)
