"""Whether the hosts' packet filters let Kubernetes and the pod network through, where k8sboot leaves them alone.

No program of a bare host's listens on these ports yet. A connection that is refused has reached the host all the same;
a packet filter drops it, so that it times out, or answers with an ICMP message: "no route to host".
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from k8sboot import osfamily
from k8sboot.cluster import Cluster
from k8sboot.desired.calico import typha_replicas
from k8sboot.desired.kubeadm import is_member
from k8sboot.errors import ConnectError, Refused, StepFailed
from k8sboot.host.host import Host
from k8sboot.host.peer import Peer
from k8sboot.host.reads import Question, Reads
from k8sboot.inventory.model import Spec
from k8sboot.kubernetes import ports
from k8sboot.kubernetes.answers import at
from k8sboot.scripts import render
from k8sboot.text.listing import listed
from k8sboot.text.numbers import whole
from k8sboot.text.sanitize import safe_line

PACKET_FILTER = Question("packet-filter", render("packet-filter"))
"""The services of the packet filter that are active, and its rules that reject."""
WAIT = 5
"""Seconds for one connection: a SYN that is lost is sent again after one and after three."""
AT_ONCE = 64
NAMED = 3
SHOWN = 120
_ICMP = re.compile(r"route|unreachable|prohibited|permitted|denied", re.IGNORECASE)
_LIKE_CLOSED = re.compile(r"tcp[- ]reset|port-unreachable|\breject(?![ -]with| --)", re.IGNORECASE)
"""Rules whose answer is that of a port on which nothing listens."""


@dataclass(frozen=True)
class Attempt:
    """What became of a connection. words: of one that is filtered or unknown."""

    result: Literal["open", "closed", "filtered", "unknown"]
    words: str = ""


UNTRIED = Attempt("unknown")
Found = tuple[int, str, str, Attempt]
"""A port, what listens there, the host that needs it, and what became of its connection."""


def reads(spec: Spec) -> Reads:
    """What these checks read on a host."""
    if spec.os.firewall == "off":
        return Reads()
    units = tuple(unit for family in osfamily.FAMILIES for unit in family.firewall_units)
    return Reads(units=units, questions=(PACKET_FILTER,))


def refuse_filtered(cluster: Cluster, host: Host) -> None:
    """Refused if other hosts cannot reach ports of this one that they need; what connections do not show is told.

    Only with `os.firewall: keep`, and not between members of the cluster, which show by themselves what works.
    """
    if cluster.spec.os.firewall == "off":
        return
    tried = {
        source.name: _attempts(cluster, source)
        for source in cluster.everyone
        if source.name != host.name and _needs(cluster, source, host)
    }
    found = [
        (port, what, source, tried[source].get(_key(host, port), UNTRIED))
        for source in tried
        for port, what in _needs(cluster, cluster.peers[source], host).items()
    ]
    if closed := [each for each in found if each[3].result == "filtered"]:
        raise _refusal(host, closed)
    if not is_member(host):
        _tell_unchecked(cluster, host, {attempt.result for *_, attempt in found})


def _refusal(host: Peer, closed: Sequence[Found]) -> Refused:
    numbers = [str(number) for number in sorted({port for port, *_ in closed})]
    return Refused(
        f"other hosts cannot reach ports of this one: {'; '.join(_by_port(closed))}",
        why="a packet filter there or on the way drops or rejects connections, and `os.firewall` is keep",
        fix=f"{_opening(host, numbers)}, or open them for the cluster's hosts alone (see `k8sboot explain "
        "KB-PORT-FILTERED`), or set `os.firewall: off`; then run again; nothing was changed",
        host=host.name,
        code="KB-PORT-FILTERED",
    )


def _by_port(closed: Sequence[Found]) -> list[str]:
    """`PORT/tcp (WHAT) from HOSTS: WORDS`, each port once for each of the words."""
    sources: dict[tuple[int, str, str], list[str]] = {}
    for port, what, source, attempt in closed:
        sources.setdefault((port, what, attempt.words), []).append(source)
    return [
        f"{port}/tcp ({what}) from {listed(names, NAMED)}: {words}"
        for (port, what, words), names in sorted(sources.items())
    ]


def _needs(cluster: Cluster, source: Peer, target: Peer) -> dict[int, str]:
    """The TCP ports of target that source connects to, each with what listens there."""
    spec = cluster.spec
    has_address = not (source.node.problem or target.node.problem)
    if not has_address or (is_member(source) and is_member(target)):
        return {}
    return dict(_listeners(spec, source.role, target.role, has_typha=typha_replicas(cluster) > 0))


def _listeners(spec: Spec, source: str, target: str, *, has_typha: bool) -> Iterator[tuple[int, str]]:
    """metrics-server may run on any host."""
    if target == "master":
        yield _api_port(spec), "API server"
    if source == target == "master":
        yield ports.ETCD_CLIENTS, "etcd"
        yield ports.ETCD_PEERS, "etcd"
    if source == "master" or spec.metrics_server.enabled:
        yield ports.KUBELET, "kubelet"
    if spec.plugin == "calico" and spec.calico.encapsulation != "vxlan":
        yield ports.CALICO_BGP, "Calico's BGP"
    if spec.plugin == "calico" and has_typha:
        yield ports.CALICO_TYPHA, "Calico's Typha"


def _api_port(spec: Spec) -> int:
    """That of the API server itself, which kube-proxy reaches past any load balancer."""
    said = at(spec.kubeadm.init_configuration, "localAPIEndpoint", "bindPort")
    return whole(str(said)) or ports.API_SERVER


def _attempts(cluster: Cluster, source: Peer) -> Mapping[str, Attempt]:
    """What became of all connections from source, by `ADDRESS/PORT`, tried once; none if it cannot be asked.

    A host that cannot be asked fails by itself.
    """
    others = [each for each in cluster.everyone if each.name != source.name]
    targets = sorted(_key(each, port) for each in others for port in _needs(cluster, source, each))
    script = render("connections", TARGETS=" ".join(targets), WAIT=WAIT, AT_ONCE=AT_ONCE)
    within = 30 + 2 * WAIT * math.ceil(len(targets) / AT_ONCE)
    with suppress(ConnectError, StepFailed):
        return _parse(source.ask_once(("sh", "-c", script, "connections"), timeout=within).text)
    return {}


def _key(target: Peer, port: int) -> str:
    return f"{target.node.value}/{port}"


def _parse(text: str) -> dict[str, Attempt]:
    lines = (line.split(" ", 2) for line in text.splitlines())
    return {words[0]: _attempt(words[1], safe_line(words[2])[:SHOWN]) for words in lines if len(words) == 3}


def _attempt(status: str, words: str) -> Attempt:
    """coreutils' `timeout` ends with 124, busybox' with 143."""
    if status == "0":
        return Attempt("open")
    if status in ("124", "143") or "timed out" in words:
        return Attempt("filtered", f"no answer within {WAIT} s")
    if "refused" in words:
        return Attempt("closed")
    return Attempt("filtered" if _ICMP.search(words) else "unknown", words.lower())


def _opening(host: Peer, numbers: Sequence[str]) -> str:
    """How to open these ports with the program that the host has for it."""
    if host.unit("firewalld.service").active == "active":
        words = " ".join(f"--add-port={number}/tcp" for number in numbers)
        return f"run `firewall-cmd --permanent {words} && firewall-cmd --reload` on {host.name}"
    if host.unit("ufw.service").active == "active":
        return f"run `ufw allow proto tcp to any port {','.join(numbers)}` on {host.name}"
    return f"accept these ports in the packet filter of {host.name}, before the rule that rejects"


def _tell_unchecked(cluster: Cluster, host: Host, results: Collection[str]) -> None:
    """Tell what a packet filter that rejects may close without a connection showing it."""
    lines = [line.partition(" ") for line in host.answer(PACKET_FILTER).text.splitlines()]
    rules = [rest for word, _, rest in lines if word == "rule"]
    if not rules:
        return
    unseen = [*_unseen(cluster.spec)]
    if "unknown" in results:
        unseen.append("TCP ports that a host could not try")
    if "closed" in results and (alike := [rule for rule in rules if _LIKE_CLOSED.search(rule)]):
        unseen.append("TCP ports, as this rule answers like a closed port")
        rules = alike
    units = ", ".join(f"{safe_line(rest)}.service" for word, _, rest in lines if word == "unit")
    by = f" ({units})" if units else ""
    rule = safe_line(rules[0])[:SHOWN]
    host.notice(
        "KB-PORT-UNCHECKED",
        f"its packet filter stays on{by}, with the rule `{rule}`; not checked: {'; '.join(unseen)}",
    )


def _unseen(spec: Spec) -> Iterator[str]:
    if spec.plugin == "calico" and (tunnel := ports.CALICO_TUNNELS.get(spec.calico.encapsulation)):
        yield f"{tunnel} from the other hosts"
    if spec.plugin != "calico":
        yield "the ports of your pod network"
    yield f"everything from podSubnet {spec.cluster.pod_subnet}"
