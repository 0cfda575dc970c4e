"""Rows about the network: Services, DNS, Pods of different nodes, NodePorts."""

from __future__ import annotations

import base64
import http.client
from collections.abc import Callable
from functools import partial

from k8sboot.host.peer import Peer
from k8sboot.kubernetes import dns
from k8sboot.smoke.fetch import PAYLOAD, Reply, Target, at_once, dial, fetch, some
from k8sboot.smoke.objects import ECHO, HTTP, NAMESPACE
from k8sboot.smoke.row import Found, with_every_pod
from k8sboot.smoke.scene import Scene

PORT = 80
"""Of the Service."""
QUERY_ID = 0x6B39
FROM_HERE = 4.0
"""Seconds for a connection from this machine."""
Replies = dict[str, dict[str, Reply]]


@with_every_pod
def service(scene: Scene) -> Found:
    """A Service's address answers on every node and in every Pod."""
    address = scene.now.services.get(ECHO, ("", 0))[0]
    if not address:
        return Found(f"the Service {ECHO} has no address")

    def ask(name: str, peer: Peer) -> dict[str, Reply]:
        through = scene.echoes[name].address
        inside = dial("its-Pod", through, address, PORT, "hostname")
        return fetch(peer, [Target("the-node", address, PORT, "/hostname"), inside])

    return _judged(scene, _from_each(scene, ask), f"http://{address}", f"{address} answers")


@with_every_pod
def dns_names(scene: Scene) -> Found:
    """A Service's name resolves on every node, and its short name in every Pod."""
    name = f"{ECHO}.{NAMESPACE}.svc.{scene.cluster.spec.cluster.dns_domain}"
    server = dns.server(scene.cluster.spec.cluster.service_subnet)

    def ask(node: str, peer: Peer) -> dict[str, Reply]:
        found = fetch(peer, [dial("its-Pod", scene.echoes[node].address, ECHO, PORT, "hostname")])
        problem = _unresolved(peer, server, name)
        return {"the-node": Reply(1 if problem else 0, 0, problem or "HTTP/1.0 200 OK"), **found}

    return _judged(scene, _from_each(scene, ask), name, f"{name} resolves")


def _unresolved(peer: Peer, server: str, name: str) -> str:
    """Why a name server does not resolve a name for a node, '' if it does."""
    asked = dns.script(name, server=server, query_id=QUERY_ID)
    said = peer.ask(("sh", "-c", asked), timeout=20).text.strip()
    if not said:
        return f"no answer from {server}"
    try:
        answer = dns.parse_answer(base64.b64decode(said), name=name, query_id=QUERY_ID)
    except (dns.BadDnsAnswer, ValueError) as error:
        return str(error)
    return "" if answer.is_resolved else answer.rcode_name


@with_every_pod
def pod_network(scene: Scene) -> Found:
    """Pods of different nodes reach each other, with more than fits into one packet."""
    if len(scene.nodes) < 2:
        return Found(skipped="the cluster has one node")
    replies = _from_each(scene, partial(_to_others, scene, "echo%3Fmsg%3D"))
    failed = [(a, b, r) for a, to in replies.items() for b, r in to.items() if r.problem]
    if not failed:
        count, asked = sum(map(len, replies.values())), _nodes(scene, replies)
        return Found(seen=f"{count} pairs of nodes, {PAYLOAD} bytes there and back, from {asked}")
    small = _from_each(scene, partial(_to_others, scene, "echo%3Fmsg%3Da"))
    return Found(some(_pair(*pair, small) for pair in failed))


def _to_others(scene: Scene, request: str, name: str, peer: Peer) -> dict[str, Reply]:
    through, others = scene.echoes[name], [p for p in scene.echoes.values() if p.node != name]
    return fetch(peer, [dial(p.node, through.address, p.address, HTTP, request) for p in others])


def _pair(here: str, there: str, reply: Reply, small: Replies) -> str:
    tiny = small.get(here, {}).get(there)
    passes = "1 byte does" if tiny and not tiny.problem else "nor does 1 byte"
    return f"{here} to {there}: {PAYLOAD} bytes do not arrive ({reply.problem}), {passes}"


@with_every_pod
def node_port(scene: Scene) -> Found:
    """A NodePort answers on every node, and to this machine where it can reach it."""
    port = scene.now.services.get(ECHO, ("", 0))[1]
    if not port:
        return Found(f"the Service {ECHO} has no NodePort")
    first = scene.cluster.first_master
    replies = fetch(first, [Target(n, a, port, "/hostname") for n, a in scene.nodes.items() if a])
    wrong = [f"{n}:{port} from {first.name}: {r.problem}" for n, r in replies.items() if r.problem]
    if wrong:
        return Found(some(wrong))
    here = at_once({name: partial(_from_here, a, port) for name, a in scene.nodes.items() if a})
    wrong = [f"{name}:{port} from this machine: {problem}" for name, problem in here.items() if problem]
    if len(wrong) == len(here):  # private addresses, or a packet filter before all of them
        return Found(seen=f"port {port} of every node from {first.name}; this machine does not reach them")
    return Found(some(wrong)) if wrong else Found(seen=f"port {port} of every node, from this machine too")


def _from_here(address: str, port: int) -> str:
    """Why this machine gets no answer there, '' if it does."""
    connection = http.client.HTTPConnection(address, port, timeout=FROM_HERE)
    try:
        connection.request("GET", "/hostname")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return str(error) or type(error).__name__
    finally:
        connection.close()
    return "" if status == 200 else f"HTTP status {status}"


def _from_each(scene: Scene, ask: Callable[[str, Peer], dict[str, Reply]]) -> Replies:
    """What every node that can be asked gets, by its name."""
    peers = {name: peer for name, peer in scene.reachable.items() if name in scene.echoes}
    return at_once({name: partial(ask, name, peer) for name, peer in peers.items()})


def _judged(scene: Scene, replies: Replies, what: str, seen: str) -> Found:
    wrong = [
        f"{node}: {what} from {key.replace('-', ' ')}: {reply.problem}"
        for node, found in replies.items()
        for key, reply in found.items()
        if reply.problem
    ]
    return (
        Found(some(wrong)) if wrong else Found(seen=f"{seen} on {_nodes(scene, replies)} and in their Pods")
    )


def _nodes(scene: Scene, replies: Replies) -> str:
    """How many nodes were asked, and which could not be."""
    missing = [name for name in scene.nodes if name not in replies]
    if not missing:
        return f"{len(replies)} nodes"
    return f"{len(replies)} of {len(scene.nodes)} nodes ({', '.join(missing)} not connected)"
