"""What `status` makes of what hosts and the cluster say."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from fake_answers import daemon_set, deployment, pod
from fake_cluster import FakeCluster
from fake_rows import rows
from fake_status import etcd_metrics, lease, told
from inventories import spec
from made_certificates import certificate

from k8sboot.errors import Unreachable
from k8sboot.inventory.hosts import HostSpec
from k8sboot.kubernetes.etcd_metrics import member_state
from k8sboot.kubernetes.last_events import last_events
from k8sboot.kubernetes.overview import FIELDS, overview
from k8sboot.kubernetes.paths import ADMIN_CONF, CONTROL_PLANE_MANIFESTS, KUBELET_CONF
from k8sboot.ssh.connection import Connection
from k8sboot.status.document import document
from k8sboot.status.etcd_view import etcd_of
from k8sboot.status.finding import Finding
from k8sboot.status.findings import findings, why_not_ready
from k8sboot.status.looking import Looker, plausible
from k8sboot.status.questions import parts
from k8sboot.status.seen import Seen

MASTERS = ("m1", "m2", "m3")
NOW = datetime.datetime.now(datetime.timezone.utc)


def look(cluster: FakeCluster, *, dead: tuple[str, ...] = (), limit: frozenset[str] | None = None) -> Seen:
    def connect(host: HostSpec, _note: Callable[[str], None]) -> Connection:
        if host.name in dead:
            raise Unreachable("nothing answers", why="connection refused", fix="switch it on", host=host.name)
        cluster.hosts[host.name].is_closed = False
        return cluster.hosts[host.name]

    looker = Looker(cluster.spec, connect, limit=limit)
    seen = looker.look()
    looker.close()
    assert not [host.unknown for host in cluster.hosts.values() if host.unknown]
    return seen


def found(cluster: FakeCluster, **how: Any) -> list[Finding]:
    return list(findings(cluster.spec, look(cluster, **how)))


def named(cluster: FakeCluster, **how: Any) -> list[tuple[str, str]]:
    return [(each.code, each.host) for each in found(cluster, **how)]


@pytest.fixture
def three(finished: FakeCluster) -> FakeCluster:
    """Three masters, of which each knows the cluster as kubeadm leaves it; nothing was installed on them."""
    made = FakeCluster(spec(masters=3, nodes=1))
    for host in made.spec.hosts:
        own = finished.hosts["m1" if host.role == "master" else "n1"]
        made.hosts[host.name].files = dict(own.files)
        made.hosts[host.name].units = dict(own.units)
        made.hosts[host.name].packages = dict(own.packages)
        renamed = own.text(KUBELET_CONF).replace(f"system:node:{own.name}", f"system:node:{host.name}")
        made.hosts[host.name].put(KUBELET_CONF, renamed)
        if host.role == "master":
            for path in CONTROL_PLANE_MANIFESTS:
                made.hosts[host.name].put(path, own.text(path) if path in own.files else "")
            made.etcd.append(host.name)
        made.members.append(host.name)
    made.documents = finished.documents
    return made


def test_three_masters_are_healthy(three: FakeCluster):
    assert found(three) == []
    etcd = etcd_of(look(three))
    assert [(m.name, m.state) for m in etcd.members] == [
        ("m1", "leader"),
        ("m2", "follower"),
        ("m3", "follower"),
    ]
    assert (etcd.count, etcd.quorum, etcd.alive, etcd.has_quorum) == (3, 2, 3, True)


def test_only_one_master_is_asked_for_the_cluster(three: FakeCluster):
    look(three)
    asked = [name for name in MASTERS if "ask" in three.hosts[name].runs]
    assert len(asked) == 1


def with_etcd(cluster: FakeCluster, *, alive: tuple[str, ...], leader: str) -> None:
    """Members as they are when the others are off."""
    for name in alive:
        said = etcd_metrics(MASTERS, name, alive=alive, leader=leader)
        cluster.hosts[name].answers["etcd-metrics"] = said


def test_the_first_master_is_off_and_another_tells_of_the_cluster(three: FakeCluster):
    with_etcd(three, alive=("m2", "m3"), leader="m3")
    seen = look(three, dead=("m1",))
    assert seen.cluster is not None
    assert seen.cluster.by in ("m2", "m3")
    problems = findings(three.spec, seen)
    assert [(p.code, p.host) for p in problems] == [("KB-SSH-UNREACHABLE", "m1"), ("KB-ETCD-MEMBER", "m1")]
    assert problems[1].why == "the machine does not respond; without it no other member may fail"


@pytest.mark.parametrize(
    "says", ["[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed", "refused"]
)
def test_etcd_without_a_quorum_is_named_as_that(three: FakeCluster, says: str):
    with_etcd(three, alive=("m3",), leader="")
    three.hosts["m3"].answers["api-ready"] = says
    seen = look(three, dead=("m1", "m2"))
    assert seen.cluster is None
    problems = {p.code: p for p in findings(three.spec, seen)}
    assert problems["KB-ETCD-NO-QUORUM"].what == "etcd has no quorum: 1 of 3 members respond, 2 are needed"
    assert "not responding: m1, m2" in problems["KB-ETCD-NO-QUORUM"].why
    assert problems["KB-API-NOT-READY"].code
    assert "KB-ETCD-MEMBER" not in problems, "the quorum says it all"
    told_ = document(three.spec, seen, findings(three.spec, seen))
    assert told_["etcd"]["hasQuorum"] is False
    assert [n["state"] for n in told_["nodes"]] == ["unknown"] * 4
    assert told_["answeredBy"] is None
    assert len(told_["certificates"]) == 0


@pytest.mark.parametrize("line", ["\n", "\\n"], ids=["lines", "as kubectl quotes it"])
def test_the_failed_checks_of_an_api_server_are_named(line: str):
    checks = (
        "[+]ping ok",
        "[-]etcd failed: reason withheld",
        "[-]etcd-readiness failed: reason withheld",
        "[+]log ok",
    )
    said = (
        f'Error from server (InternalError): an error on the server ("{line.join(checks)}") has prevented it'
    )
    assert why_not_ready(said) == "these checks of /readyz fail: etcd, etcd-readiness"


def test_a_master_whose_api_server_does_not_tell_is_named_and_the_next_one_asked(three: FakeCluster):
    three.hosts["m1"].answers["cluster-status"] = told("error: the server is overloaded", "", status=1)
    for name in ("m2", "m3"):
        three.hosts[name].answers["api-ready"] = "connection refused"
    seen = look(three)
    assert seen.cluster is None
    assert seen.refusals == {"m1": "error: the server is overloaded"}
    three.hosts["m2"].answers["api-ready"] = "ok"
    seen = look(three)
    assert seen.cluster is not None
    assert seen.cluster.by == "m2"
    assert [f.host for f in findings(three.spec, seen)] == ["m3"] or "m1" in seen.refusals


def test_a_master_without_the_manifest_of_an_api_server_is_named(three: FakeCluster):
    three.hosts["m2"].answers["api-ready"] = (1, "", "")
    assert named(three) == [("KB-API-NOT-READY", "m2")]


def test_expired_certificates_are_named_and_nothing_waits(finished: FakeCluster):
    gone = certificate(NOW - datetime.timedelta(days=2))
    path = "/etc/kubernetes/pki/apiserver.crt"
    finished.hosts["m1"].answers["certificates"] = f"== {path}\n{body(gone)}"
    finished.hosts["m1"].answers["api-ready"] = (
        "Unable to connect to the server: x509: certificate has expired"
    )
    problems = {p.code: p for p in found(finished) if p.host == "m1"}
    assert path in problems["KB-CERTIFICATE-EXPIRED"].why
    assert "x509" in problems["KB-API-NOT-READY"].why
    assert finished.hosts["m1"].runs[-1:] == ["probe"]


def body(pem: str) -> str:
    return "".join(f"{line}\n" for line in pem.splitlines()[1:-1])


@pytest.mark.parametrize(("days", "codes"), [(29, ["KB-CERTIFICATE-ENDS"]), (31, [])])
def test_certificates_that_end_within_a_month_are_a_warning(
    finished: FakeCluster, days: int, codes: list[str]
):
    ends = certificate(NOW + datetime.timedelta(days=days, hours=1))
    finished.hosts["m1"].answers["certificates"] = f"== /etc/kubernetes/pki/apiserver.crt\n{body(ends)}"
    problems = found(finished)
    assert [p.code for p in problems] == codes
    assert all(p.is_warning for p in problems)


def test_a_node_of_no_host_and_a_host_of_no_node(finished: FakeCluster):
    finished.members.remove("n2")
    finished.members.append("x9")
    finished.addresses["x9"] = "192.0.2.99"
    assert named(finished) == [("KB-NOT-JOINED", "n2"), ("KB-NOT-IN-INVENTORY", "x9")]


def test_a_node_that_is_not_ready_has_the_reason_of_the_cluster(finished: FakeCluster):
    finished.node_message = "container runtime is down"
    assert {(p.code, p.why) for p in found(finished)} == {("KB-NODE-NOT-READY", "container runtime is down")}


def test_a_pod_that_is_not_ready_has_its_last_event(finished: FakeCluster):
    finished.unready = ["n1"]
    finished.events = (
        "2026-11-30T10:00:00Z <none> <none>   Pod   kube-proxy-n1   BackOff   Back-off pulling image\n"
        "2026-11-30T10:05:00Z <none> <none>   Pod   kube-proxy-n1   Failed   Failed to pull image\nof a registry\n"
        "2026-11-30T10:06:00Z <none> <none>   Pod   other   Pulled   fine\n"
    )
    only = found(finished)
    assert [(p.code, p.host, p.why) for p in only] == [
        ("KB-POD-FAILING", "n1", "Failed: Failed to pull image")
    ]
    assert finished.hosts["m1"].runs[-2:] == ["ask", "ask"]


def objects(*items: Mapping[str, Any]) -> str:
    return told(rows(items, FIELDS), '{"members": []}')


def test_a_lease_that_nobody_renews_is_no_leader(finished: FakeCluster):
    leases = (lease("kube-controller-manager", "m1", ago=90), lease("kube-scheduler", "m1"))
    nodes = ({"kind": "Node", **finished.node_object(name)} for name in finished.members)
    finished.hosts["m1"].answers["cluster-status"] = objects(*nodes, *leases)
    only = found(finished)
    assert [p.code for p in only] == ["KB-NO-LEADER"]
    assert only[0].what == "no kube-controller-manager leads"


def test_a_workload_that_lacks_pods_is_named_unless_its_pods_are(finished: FakeCluster):
    short = daemon_set("calico-node")
    short["status"]["numberReady"] = 0
    nodes = [{"kind": "Node", **finished.node_object(name)} for name in finished.members]
    leases = [lease(name, "m1") for name in ("kube-controller-manager", "kube-scheduler")]
    finished.hosts["m1"].answers["cluster-status"] = objects(*nodes, *leases, short)
    assert [p.what for p in found(finished)] == ["DaemonSet calico-node has 0 of 1 Pods ready, 1 updated"]
    ill = pod("n1") | {"status": {"phase": "Pending"}}
    ill["metadata"] = {
        "name": "calico-node-x",
        "ownerReferences": [{"kind": "DaemonSet", "name": "calico-node"}],
    }
    finished.hosts["m1"].answers["cluster-status"] = objects(*nodes, *leases, short, ill)
    assert [p.what for p in found(finished)] == ["Pod calico-node-x is not ready: Pending"]


def test_an_evicted_pod_that_was_replaced_is_a_warning(finished: FakeCluster):
    nodes = [{"kind": "Node", **finished.node_object(name)} for name in finished.members]
    leases = [lease(name, "m1") for name in ("kube-controller-manager", "kube-scheduler")]
    gone = pod("n1") | {"status": {"phase": "Failed", "reason": "Evicted"}}
    gone["metadata"] = {
        "name": "coredns-5f-x",
        "ownerReferences": [{"kind": "ReplicaSet", "name": "coredns-5f"}],
    }
    finished.hosts["m1"].answers["cluster-status"] = objects(*nodes, *leases, deployment("coredns"), gone)
    only = found(finished)
    assert [(p.is_warning, p.what) for p in only] == [(True, "Pod coredns-5f-x failed and was replaced")]
    short = deployment("coredns")
    short["status"]["readyReplicas"] = 0
    finished.hosts["m1"].answers["cluster-status"] = objects(*nodes, *leases, short, gone)
    assert "Deployment coredns has 0 of 1 Pods ready, 1 updated" in [p.what for p in found(finished)]


def test_another_mode_of_kube_proxy_than_the_inventory_sets_is_a_warning(finished: FakeCluster):
    finished.hosts["n2"].answers["proxy-mode"] = "iptables"
    assert found(finished) == []
    finished.spec = replace(finished.spec, said=finished.spec.said | {"kubeProxy.mode"})
    assert [(p.code, p.host, p.is_warning) for p in found(finished)] == [("KB-IPVS-MODULES", "n2", True)]


def test_versions_that_do_not_fit(finished: FakeCluster):
    finished.spec = replace(
        finished.spec, cluster=replace(finished.spec.cluster, kubernetes_version="v1.24.17")
    )
    assert [(p.code, p.is_warning) for p in found(finished)] == [("KB-VERSION-SKEW", True)]


def test_a_machine_that_is_not_the_inventorys_is_named(finished: FakeCluster):
    host = finished.hosts["n1"]
    host.put(KUBELET_CONF, host.text(KUBELET_CONF).replace("system:node:n1", "system:node:n9"))
    assert named(finished) == [("KB-RENAMED", "n1")]


def test_a_host_that_tells_no_time_of_these_decades_is_no_traceback(finished: FakeCluster):
    said = look(finished)
    wild = tuple(replace(host, now=plausible(10**17)) for host in said.hosts)
    assert findings(finished.spec, replace(said, hosts=wild)) == ()


def test_jobs_and_holders_are_told(finished: FakeCluster):
    finished.hosts["n1"].facts["jobs"] = "kubeadm-join-1"
    finished.hosts["m1"].holder = "run9 seat9 up by me@there"
    told_ = document(finished.spec, look(finished), ())
    assert told_["active"] == [
        {"host": "m1", "jobs": [], "heldBy": "run9 seat9 up by me@there"},
        {"host": "n1", "jobs": ["kubeadm-join-1"], "heldBy": None},
    ]


def test_a_host_that_never_answers_is_late_and_not_waited_for(finished: FakeCluster):
    import threading

    never = threading.Event()

    def connect(host: HostSpec, _note: Callable[[str], None]) -> Connection:
        if host.name == "n1":
            never.wait(20)
        finished.hosts[host.name].is_closed = False
        return finished.hosts[host.name]

    seen = Looker(finished.spec, connect, timeout=0.5).look()
    never.set()
    late = next(host for host in seen.hosts if host.name == "n1")
    assert late.error is not None
    assert late.error.error_code == "KB-DEADLINE"
    assert "--timeout" in late.error.fix


def test_tokens_are_shown_without_their_secret_to_the_minute(finished: FakeCluster):
    ends = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=11, seconds=20)
    finished.tokens["abc000"] = {
        "token-id": "abc000", "token-secret": "0123456789abcdef", "description": "mine",
        "expiration": ends.isoformat(timespec="seconds"),
        "usage-bootstrap-authentication": "true", "usage-bootstrap-signing": "true",
    }  # fmt: skip
    told_ = document(finished.spec, look(finished), ())
    assert [(t["id"], t["joins"]) for t in told_["joinTokens"]] == [("abc000", True)]
    assert round(told_["joinTokens"][0]["daysLeft"] * 24 * 60) == 11
    assert "0123456789abcdef" not in str(told_)
    assert "token-secret" not in " ".join(FIELDS)


def test_warnings_of_kubectl_among_the_rows_are_ignored():
    text = rows([pod("n1")], FIELDS)
    noisy = f"W1130 10:00:00 discovery failed\n{text}\nE1130 memcache.go: couldn't get resource list"
    assert overview(noisy) == overview(text)
    assert len(overview(text).pods) == 1


@pytest.mark.parametrize(
    "text", ["", "part", "part x", "part x y .z", "now", "now x", "part overview 0 .%%%"]
)
def test_broken_parts_are_none(text: str):
    said, now = parts(text)
    assert now == 0
    assert all(part.text == "" for part in said.values())


def test_metrics_that_are_none_are_no_member():
    assert member_state("") is None
    assert member_state("<html>\netcd_server_has_leader\n") is None
    state = member_state(etcd_metrics(MASTERS, "m2", alive=("m2", "m3"), leader="m3"))
    assert state is not None
    assert (state.id, state.members, state.quorum) == ("a2", 3, 2)
    assert (state.peers, state.active) == ({"a1", "a3"}, {"a3"})


def test_events_of_no_time_and_lines_of_messages_are_ignored():
    assert last_events("no resources found\n<none> <none> <none> Pod x R m\n") == {}


def test_admin_conf_is_what_makes_a_master_ask(finished: FakeCluster):
    del finished.hosts["m1"].files[ADMIN_CONF]
    assert look(finished).cluster is None
