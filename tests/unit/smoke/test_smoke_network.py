"""Rows of the smoke test about the network, on replies of nodes and Pods."""

from __future__ import annotations

import base64
from types import SimpleNamespace

import pytest
from smoke_states import container, pod, scene, seen, service

from k8sboot.errors import ConnectionLost
from k8sboot.smoke import on_network
from k8sboot.smoke.fetch import PAYLOAD, Reply, Target, dial, fetch
from k8sboot.smoke.on_cluster import execs, logs

OK = "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n"
ANSWERED = OK + '{"responses":["echo-n1"]}'
LOST = (
    OK
    + '{"errors":["Get \\"http://172.16.1.2/echo?msg=xx\\": context deadline exceeded (Client.Timeout exceeded)"]}'
)


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (Reply(0, 90, ANSWERED), ""),
        (Reply(124, 0, ""), "no answer within 12 s"),
        (Reply(1, 60, "main: line 1: /dev/tcp/10.96.0.9/80: Connection refused"), "Connection refused"),
        (
            Reply(0, 70, "HTTP/1.0 400 Bad Request\r\n\r\nlookup echo: no such host"),
            "lookup echo: no such host",
        ),
        (Reply(0, 300, LOST), "context deadline exceeded (Client.Timeout exceeded)"),
        (Reply(0, 0, ""), "the connection was closed"),
    ],
)
def test_a_reply_says_what_is_wrong_with_it(reply, problem):
    assert reply.problem == problem


class Asked:
    """A node that answers as the test says: by key and the path's end."""

    def __init__(self, said: str) -> None:
        self.said, self.name, self.lines = said, "n1", ""

    def ask(self, command, *, timeout):
        self.lines = command[-1]
        return SimpleNamespace(text=self.said)


def test_replies_are_read_by_key_and_missing_ones_are_problems():
    said = f"a 0 90 {base64.b64encode(ANSWERED.encode()).decode()}\nnonsense\nb x y z\nb 0 5 %%%\n"
    found = fetch(Asked(said), [Target("a", "10.0.0.1", 80, "/"), Target("b", "10.0.0.1", 80, "/")])
    assert found["a"].problem == ""
    assert found["b"].problem == "the node's shell gave no answer"


def test_a_node_that_is_lost_is_a_problem_of_each_target():
    lost = SimpleNamespace(ask=lambda *_a, **_k: (_ for _ in ()).throw(ConnectionLost("gone", host="n1")))
    assert "gone" in fetch(lost, [Target("a", "10.0.0.1", 80, "/")])["a"].problem


def test_a_dial_asks_the_pod_to_dial():
    target = dial("n2", "172.16.0.5", "172.16.1.2", 8080, "echo%3Fmsg%3D")
    assert target.address == "172.16.0.5"
    assert target.path.endswith("host=172.16.1.2&port=8080&request=echo%3Fmsg%3D")


def two_nodes(monkeypatch, answer):
    """A scene of two nodes whose fetches are answered by `answer(node, target)`."""
    pods = [
        pod(f"echo-{n}", container(), part="echo", node=n, ready=True, address=a) for n, a in NODES.items()
    ]
    peers = {name: SimpleNamespace(name=name) for name in NODES}
    made = scene(seen(*pods, service("echo")), nodes=tuple(NODES), reachable=peers)
    monkeypatch.setattr(
        on_network, "fetch", lambda peer, targets: {t.key: answer(peer.name, t) for t in targets}
    )
    return made


NODES = {"n1": "172.16.0.5", "n2": "172.16.1.2"}
FINE, DEAD = Reply(0, 90, ANSWERED), Reply(124, 0, "")


def test_a_service_that_answers_everywhere(monkeypatch):
    found = on_network.service(two_nodes(monkeypatch, lambda _n, _t: FINE))
    assert found.seen == "10.96.0.9 answers on 2 nodes and in their Pods"


def test_a_service_without_an_answer_names_where(monkeypatch):
    found = on_network.service(
        two_nodes(monkeypatch, lambda n, t: DEAD if (n, t.key) == ("n2", "the-node") else FINE)
    )
    assert found.problem == "n2: http://10.96.0.9 from the node: no answer within 12 s"


def test_every_pair_of_nodes_is_tried_with_a_large_payload(monkeypatch):
    tried = []

    def answer(node, target):
        tried.append((node, target.key, target.path.rpartition("=")[2]))
        return FINE

    found = on_network.pod_network(two_nodes(monkeypatch, answer))
    assert f"2 pairs of nodes, {PAYLOAD} bytes" in found.seen
    assert sorted(tried) == [("n1", "n2", "echo%3Fmsg%3D"), ("n2", "n1", "echo%3Fmsg%3D")]


def test_large_packets_that_are_lost_are_told_from_a_dead_network(monkeypatch):
    def answer(node, target):
        return Reply(0, 300, LOST) if node == "n1" and target.path.endswith("%3D") else FINE

    found = on_network.pod_network(two_nodes(monkeypatch, answer))
    assert found.problem.startswith(f"n1 to n2: {PAYLOAD} bytes do not arrive (context deadline")
    assert found.problem.endswith("1 byte does")
    dead = on_network.pod_network(two_nodes(monkeypatch, lambda n, _t: DEAD if n == "n1" else FINE))
    assert dead.problem.endswith("nor does 1 byte")


def test_one_node_has_no_pair(monkeypatch):
    made = two_nodes(monkeypatch, lambda _n, _t: FINE)
    made.nodes = {"n1": ""}
    assert on_network.pod_network(made).skipped


def from_here(monkeypatch, answers):
    made = two_nodes(monkeypatch, lambda _n, _t: FINE)
    made.nodes = {name: name for name in NODES}
    made.cluster = SimpleNamespace(first_master=SimpleNamespace(name="n1"))
    monkeypatch.setattr(on_network, "_from_here", lambda address, _port: answers[address])
    return on_network.node_port(made)


def test_a_node_port_answers_this_machine_where_it_can_be_reached(monkeypatch):
    assert "from this machine too" in from_here(monkeypatch, {"n1": "", "n2": ""}).seen
    assert "does not reach them" in from_here(monkeypatch, dict.fromkeys(NODES, "timed out")).seen
    one = from_here(monkeypatch, {"n1": "", "n2": "timed out"})
    assert one.problem == "n2:30123 from this machine: timed out"


def test_a_node_port_has_to_answer_the_first_master(monkeypatch):
    made = two_nodes(monkeypatch, lambda _n, t: DEAD if t.key == "n2" else FINE)
    made.cluster = SimpleNamespace(first_master=SimpleNamespace(name="n1"))
    assert on_network.node_port(made).problem == "n2:30123 from n1: no answer within 12 s"


@pytest.mark.parametrize(
    "look",
    [on_network.service, on_network.dns_names, on_network.pod_network, on_network.node_port, logs, execs],
)
def test_a_node_whose_pod_is_not_ready_is_a_problem_and_not_left_out(monkeypatch, look):
    made = two_nodes(monkeypatch, lambda _n, _t: FINE)
    del made.echoes["n2"]
    assert look(made).problem == "the test's Pod is not ready on n2"


def test_a_node_that_is_not_connected_is_named(monkeypatch):
    made = two_nodes(monkeypatch, lambda _n, _t: FINE)
    del made.reachable["n2"]
    assert (
        on_network.service(made).seen
        == "10.96.0.9 answers on 1 of 2 nodes (n2 not connected) and in their Pods"
    )
