"""The end: check what a user would check first."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Iterable
from functools import partial

from k8sboot.cluster import Cluster
from k8sboot.desired import network
from k8sboot.desired.kubeadm import is_member
from k8sboot.desired.network import CNI_IN_FORCE
from k8sboot.diagnosis.diagnose import NODES
from k8sboot.host.host import Host
from k8sboot.host.last_answer import LastAnswer
from k8sboot.host.peer import Peer
from k8sboot.host.reads import Question, Reads
from k8sboot.inventory.model import Spec
from k8sboot.kubernetes import commands, dns, parsers
from k8sboot.kubernetes.node_checks import (
    lacks_only_network,
    pod_of_each_node,
    strange_blocks,
    strange_pods,
    without_metrics,
    wrong_addresses,
)
from k8sboot.kubernetes.paths import KUBELET_CONF
from k8sboot.phase import everyone, first_master, phase

Addresses = tuple[parsers.PodAddress, ...]
QUERY_ID = 0x6B38
_ASK_NODES = commands.get_fields("nodes", parsers.NODES)
_ASK_PODS = commands.get_fields("pods", parsers.POD_ADDRESSES, namespace="kube-system")
_ASK_METRICS = commands.kubectl("top", "nodes", "--no-headers")
NEEDS_NETWORK = (
    "Pods' addresses, kubectl top, names of Services, and the Pods of kube-system that need a network"
)


def _reads(spec: Spec) -> Reads:
    metrics = (_ASK_METRICS,) if spec.metrics_server.enabled and spec.plugin != "none" else ()
    return Reads(questions=(CNI_IN_FORCE,), cluster=(_ASK_NODES, _ASK_PODS, *metrics))


@phase(
    on=first_master,
    reads=_reads,
    after=("join-masters", "join-nodes", "calico", "pod-network", "kube-proxy"),
    scope="cluster",
    diagnosis=NODES,
)
def verify(cluster: Cluster, host: Host) -> None:
    """Wait until all nodes are Ready, and check that addresses, logs, Pods and metrics of each work."""
    subnet = cluster.spec.cluster.pod_subnet
    wanted = {peer.name for peer in cluster.chosen if is_member(peer)} | {host.name}
    if outside := sorted(p.name for p in cluster.chosen if p.name not in wanted and not _will_join(p)):
        host.notice("KB-NOT-JOINED", f"not in the cluster: {', '.join(outside)}")
    known = _known_nodes(host)
    if strangers := [node.name for seen in known for node in seen if node.name not in cluster.names]:
        host.notice("KB-NOT-IN-INVENTORY", _way_out(host, strangers))
    nodes, pods = LastAnswer(partial(_nodes, host), known), LastAnswer(partial(_pods, host))
    addresses = {p.name: p.node_address for p in cluster.chosen if p.name in wanted and not p.node.problem}
    # kubeadm join ends once its Node exists: one that is missing now will not appear
    host.wait("every machine to be a node", nodes.problem(partial(_absent, wanted)), timeout=30)
    host.wait("the nodes to be Ready", nodes.problem(partial(_unready, cluster.spec, wanted)), timeout=300)
    host.wait(
        "the nodes to have their addresses", nodes.problem(partial(wrong_addresses, addresses)), timeout=60
    )
    host.wait(
        "the nodes' blocks to be in podSubnet", nodes.problem(partial(strange_blocks, subnet)), timeout=60
    )
    host.wait("kubectl logs to work on every node", pods.problem(partial(_silent, host, wanted)), timeout=120)
    if network.is_missing(cluster.spec, host):
        _tell_no_network(cluster.spec, host)
    else:
        _network(cluster, host, wanted, pods)


def _will_join(peer: Peer) -> bool:
    return peer.plans("join-masters") or peer.plans("join-nodes")


def _tell_no_network(spec: Spec, host: Host) -> None:
    host.notice(
        "KB-NO-POD-NETWORK",
        f"the nodes are NotReady for one reason: network.plugin is none, and no pod network is ready; not checked: "
        f"{NEEDS_NETWORK}; install a network for podSubnet {spec.cluster.pod_subnet}, then run `k8sboot up` again",
    )


def _network(cluster: Cluster, host: Host, wanted: set[str], pods: LastAnswer[Addresses]) -> None:
    """What works through the Pods' network."""
    subnet = cluster.spec.cluster.pod_subnet
    if cluster.spec.plugin == "calico":
        host.wait(
            "Pods to have addresses of podSubnet", pods.problem(partial(strange_pods, subnet)), timeout=60
        )
        host.wait(
            "Calico's configuration to be in force", lambda: _other_networks(cluster, wanted), timeout=60
        )
    elif strange := strange_pods(subnet, _known_pods(host)):
        text = f"the pod network has other addresses than cluster.podSubnet {subnet}: {strange}"
        host.notice("KB-POD-NETWORK", text)
    if cluster.spec.metrics_server.enabled:
        host.wait("kubectl top nodes to list every node", lambda: _no_metrics(host, wanted), timeout=180)


def _known_pods(host: Peer) -> Addresses:
    """The Pods' addresses; nothing while the API server does not answer, as before there is a cluster."""
    done = host.ask_once(_ASK_PODS)
    return parsers.pod_addresses(done.text) if done.exit_status == 0 else ()


def _known_nodes(host: Peer) -> list[tuple[parsers.Node, ...]]:
    """The cluster's nodes; nothing while the API server does not answer, as before there is a cluster."""
    done = host.ask_once(_ASK_NODES)
    return [parsers.nodes(done.text)] if done.exit_status == 0 else []


def _way_out(host: Peer, strangers: list[str]) -> str:
    return (
        f"in the cluster, but not in the inventory: {', '.join(strangers)}; to remove a node, put it back into the"
        f" inventory, run `k8sboot reset --limit {shlex.quote(','.join(strangers))}`, then remove it there; if the"
        f" machine is gone, run `kubectl delete node {shlex.join(strangers)}` on {host.name}"
    )


def _absent(wanted: set[str], nodes: Iterable[parsers.Node]) -> str:
    absent = wanted - {node.name for node in nodes}
    return f"not in the cluster: {', '.join(sorted(absent))}" if absent else ""


def _unready(spec: Spec, wanted: set[str], nodes: Iterable[parsers.Node]) -> str:
    unready = [node for node in nodes if node.name in wanted and not node.is_ready]
    if spec.plugin == "none" and all(map(lacks_only_network, nodes)):
        return ""
    return "; ".join(f"{node.name}: {node.message or node.reason}" for node in unready)


def _nodes(host: Peer) -> tuple[parsers.Node, ...]:
    return parsers.nodes(host.read_once(_ASK_NODES))


def _pods(host: Peer) -> Addresses:
    return parsers.pod_addresses(host.read_once(_ASK_PODS))


def _silent(host: Peer, wanted: set[str], pods: Iterable[parsers.PodAddress]) -> str:
    """The nodes of which the API server cannot read a log: it does not reach their kubelets."""
    asked = commands.logs_of(pod_of_each_node(sorted(wanted), pods))
    return host.read(asked, timeout=300).strip().replace("\n", "; ")


def _other_networks(cluster: Cluster, wanted: set[str]) -> str:
    """Hosts where another CNI configuration sorts before Calico's: the container runtime reads the first."""
    found = {peer.name: peer.answer(CNI_IN_FORCE).text for peer in cluster.chosen if peer.name in wanted}
    others = [f"{name} uses {file}" for name, file in found.items() if file and "calico" not in file]
    return "; ".join(others)


def _no_metrics(host: Peer, wanted: set[str]) -> str:
    done = host.ask_once(_ASK_METRICS, timeout=30)
    if done.problem:
        return done.problem
    missing = without_metrics(done.text, wanted)
    return f"no metrics of {missing}" if missing else ""


def dns_question(spec: Spec) -> Question:
    """Ask the cluster's DNS Service for the API's name over UDP, from the host; the response is in base64."""
    asked = dns.script(_api_name(spec), server=_dns_address(spec), query_id=QUERY_ID)
    return Question("service-dns", f"[ -f {KUBELET_CONF} ] || exit 1; {asked}", may_hang=True)


def _api_name(spec: Spec) -> str:
    return f"kubernetes.default.svc.{spec.cluster.dns_domain}"


def _dns_address(spec: Spec) -> str:
    return dns.server(spec.cluster.service_subnet)


@phase(
    on=everyone,
    reads=lambda spec: Reads(questions=(dns_question(spec),)),
    after=("join-masters", "join-nodes", "calico", "pod-network", "kube-proxy", "settle"),
    diagnosis=NODES,
)
def service_dns(cluster: Cluster, host: Host) -> None:
    """Resolve a Service's name on every host."""
    question = dns_question(cluster.spec)
    host.wait("a Service's name to resolve", lambda: _unresolved(cluster, host, question), timeout=180)


def _unresolved(cluster: Cluster, host: Host, question: Question) -> str:
    if network.is_missing(cluster.spec, cluster.first_master):
        return ""
    reply = host.answer(question).text
    if not reply:
        return f"no answer from the DNS Service {_dns_address(cluster.spec)}"
    answer = dns.parse_answer(base64.b64decode(reply), name=_api_name(cluster.spec), query_id=QUERY_ID)
    return "" if answer.is_resolved else f"{_api_name(cluster.spec)}: {answer.rcode_name}"
