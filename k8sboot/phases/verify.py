"""The end: check what a user would check first."""

from __future__ import annotations

import base64
import ipaddress

from k8sboot.cluster import Cluster
from k8sboot.desired.kubeadm import is_member
from k8sboot.diagnosis.diagnose import NODES
from k8sboot.host.host import Host
from k8sboot.host.peer import Peer
from k8sboot.host.reads import Question, Reads
from k8sboot.inventory.model import Spec
from k8sboot.kubernetes import commands, dns, parsers
from k8sboot.kubernetes.paths import KUBELET_CONF
from k8sboot.phase import everyone, first_master, phase

QUERY_ID = 0x6B38


@phase(
    on=first_master,
    after=("join-masters", "join-nodes", "calico", "kube-proxy"),
    scope="cluster",
    diagnosis=NODES,
)
def verify(cluster: Cluster, host: Host) -> None:
    """Wait until all nodes are Ready and `kubectl top nodes` works."""
    wanted = {peer.name for peer in cluster.chosen if is_member(peer)} | {host.name}
    outside = sorted({peer.name for peer in cluster.chosen} - wanted)
    if outside:
        host.notice("KB-NOT-JOINED", f"not in the cluster: {', '.join(outside)}")
    # kubeadm join ends once its Node exists: one that is missing now will not appear
    host.wait("every machine to be a node", lambda: _absent_nodes(host, wanted), timeout=30)
    host.wait("the nodes to be Ready", lambda: _unready_nodes(host, wanted), timeout=300)
    if cluster.spec.metrics_server.enabled:
        host.wait("kubectl top nodes to answer", lambda: _no_metrics(host), timeout=180)


def _absent_nodes(host: Peer, wanted: set[str]) -> str:
    absent = wanted - {node.name for node in _nodes(host)}
    return f"not in the cluster: {', '.join(sorted(absent))}" if absent else ""


def _unready_nodes(host: Peer, wanted: set[str]) -> str:
    unready = [node for node in _nodes(host) if node.name in wanted and not node.is_ready]
    return "; ".join(f"{node.name}: {node.message or node.reason}" for node in unready)


def _nodes(host: Peer) -> tuple[parsers.Node, ...]:
    return parsers.nodes(host.read(commands.get_fields("nodes", parsers.NODES)))


def _no_metrics(host: Peer) -> str:
    return host.ask(commands.kubectl("top", "nodes"), timeout=30).problem


def dns_question(spec: Spec) -> Question:
    """Ask the cluster's DNS Service for the API's name over UDP, from the host; query and response are in base64.

    base64 writes the query as one datagram; bash's printf would split it at a newline byte.
    """
    query = base64.b64encode(dns.a_query(_api_name(spec), QUERY_ID)).decode()
    return Question(
        "service-dns",
        f"[ -f {KUBELET_CONF} ] || exit 1; timeout 5 bash -c 'exec 3<>/dev/udp/{_dns_address(spec)}/53; "
        f"echo {query} | base64 -d >&3; dd bs=1500 count=1 <&3 2>/dev/null | base64 -w0'",
        may_hang=True,
    )


def _api_name(spec: Spec) -> str:
    return f"kubernetes.default.svc.{spec.cluster.dns_domain}"


def _dns_address(spec: Spec) -> str:
    return str(ipaddress.ip_network(spec.cluster.service_subnet)[10])


@phase(
    on=everyone,
    reads=lambda spec: Reads(questions=(dns_question(spec),)),
    after=("join-masters", "join-nodes", "calico", "kube-proxy", "settle"),
    diagnosis=NODES,
)
def service_dns(cluster: Cluster, host: Host) -> None:
    """Resolve a Service's name on every host."""
    question = dns_question(cluster.spec)
    host.wait("a Service's name to resolve", lambda: _unresolved(cluster, host, question), timeout=180)


def _unresolved(cluster: Cluster, host: Host, question: Question) -> str:
    reply = host.answer(question).text
    if not reply:
        return f"no answer from the DNS Service {_dns_address(cluster.spec)}"
    answer = dns.parse_answer(base64.b64decode(reply), name=_api_name(cluster.spec), query_id=QUERY_ID)
    return "" if answer.is_resolved else f"{_api_name(cluster.spec)}: {answer.rcode_name}"
