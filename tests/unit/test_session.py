"""Connecting, being asked to stop, and what is left afterwards."""

from __future__ import annotations

import math
import threading
import time

import pytest
from fake_cluster import FakeCluster
from inventories import spec
from runs import run

from k8sboot.cluster import Cluster
from k8sboot.errors import AuthenticationFailed, HostKeyRefused, Unreachable
from k8sboot.events import Connected, Event, Failed, PhaseEnded, RunEnded, RunStarted
from k8sboot.host.host import Host
from k8sboot.host.reads import Reads
from k8sboot.phase import everyone, phase
from k8sboot.run import session
from k8sboot.run.stop import Stop
from k8sboot.runbook import UP

pytestmark = [pytest.mark.usefixtures("clock"), pytest.mark.timeout(60)]


@phase(on=everyone)
def look(cluster: Cluster, host: Host) -> None:
    """Look at nothing."""


def test_a_run_begins_and_ends_with_a_word(finished: FakeCluster):
    told = run(finished, UP)
    started, ended = told.events[0], told.events[-1]
    assert isinstance(started, RunStarted)
    assert started.hosts == ("m1", "n1", "n2")
    assert started.phases == tuple(p.name for p in UP)
    assert isinstance(ended, RunEnded)
    assert ended.failed == ()
    assert {e.host for e in told.of(Connected)} == {"m1", "n1", "n2"}


@pytest.mark.parametrize("dead", [{}, {"n1": RuntimeError("surprise")}], ids=["all come", "one does not"])
def test_a_run_ends_with_its_last_host_and_not_with_the_next_tick(finished: FakeCluster, monkeypatch, dead):
    monkeypatch.setattr(session, "TICK", 3600)  # the limit of this file's tests ends one that waits for it
    told = run(finished, [look], dead=dead)
    assert {line.partition(" ")[0] for line in told.ended} == {"m1", "n1", "n2"} - dead.keys()


@pytest.mark.parametrize("error", [HostKeyRefused("changed"), AuthenticationFailed("no key was taken")])
def test_a_node_that_lets_nobody_in_is_told_and_the_others_go_on(bare: FakeCluster, error):
    told = run(bare, UP, dead={"n1": error})
    assert told.report.errors == {"n1": error}
    assert error.host == "n1"
    assert error.exit_code == 3
    assert sorted(bare.members) == ["m1", "n2"]
    assert [e.host for e in told.of(Failed)] == ["n1"]
    assert told.events[-1].failed == ("n1",)


def test_without_the_first_master_nothing_is_begun(bare: FakeCluster):
    told = run(bare, UP, dead={"m1": Unreachable("nothing answers")})
    assert told.errors == {"m1": "KB-SSH-UNREACHABLE"}
    assert bare.hosts["n1"].mutations == []
    assert told.ended == []


def test_a_connection_that_fails_in_an_unforeseen_way_is_no_silent_loss(bare: FakeCluster):
    told = run(bare, [look], dead={"m1": RuntimeError("surprise"), "n1": ValueError("too")})
    assert told.errors == {"m1": "KB-BUG", "n1": "KB-BUG"}


def test_a_host_that_cannot_be_probed_is_an_error_and_is_closed(bare: FakeCluster, monkeypatch):
    from k8sboot.ssh.connection import Completed

    host = bare.hosts["n1"]
    monkeypatch.setattr(host, "run", lambda *_a, **_k: Completed(126, b"", b"sh: permission denied\n"))
    told = run(bare, [look])
    assert told.errors == {"n1": "KB-STEP"}
    assert "permission denied" in told.report.errors["n1"].detail
    assert host.is_closed
    assert sorted(told.ended) == ["m1 look", "n2 look"]


def test_a_host_that_answers_with_garbage_is_not_taken_for_fit(bare: FakeCluster, monkeypatch):
    from k8sboot.ssh.connection import Completed

    monkeypatch.setattr(
        bare.hosts["n1"], "run", lambda *_a, **_k: Completed(0, b"\x00\xfffact file \n" * 99, b"")
    )
    told = run(bare, UP[:1])
    assert told.errors == {"n1": "KB-MEMBERSHIP"}
    assert sorted(told.ended) == ["m1 preflight", "n2 preflight"]


def test_a_job_of_an_earlier_run_is_let_come_to_its_end(bare: FakeCluster, clock):
    host = bare.hosts["n1"]
    host.facts["jobs"] = "kubeadm-join-1"

    def on_nap() -> None:
        if clock.slept == 3:
            host.facts["jobs"] = ""

    clock.on_nap = on_nap
    told = run(bare, [look])
    assert told.errors == {}
    assert host.runs == ["probe"] * 4


@pytest.mark.parametrize("busy", ["n1", "m1"])
def test_security_a_host_that_claims_a_job_holds_up_no_other(bare: FakeCluster, clock, busy):
    """The others pass preflight and whatever follows; the first master is waited for first, as it is the cluster."""
    host, passed = bare.hosts[busy], threading.Event()
    host.facts["jobs"] = "kubeadm-join-1"

    @phase(on=everyone, after=("preflight",))
    def alter(cluster: Cluster, host: Host) -> None:
        """Alter."""
        host.change("do it", ["touch", "/done"])

    def listen(event: Event) -> None:
        if isinstance(event, PhaseEnded) and (event.host, event.phase) == ("n2", "alter"):
            passed.set()

    def on_nap() -> None:
        has_passed = passed.wait(5) if busy == "n1" else passed.is_set()
        if has_passed or (busy == "m1" and clock.slept > 3):
            host.facts["jobs"] = ""

    clock.on_nap = on_nap
    told = run(bare, [UP[0], alter], listener=listen)
    assert told.errors == {}
    assert passed.is_set()
    assert clock.slept == (4 if busy == "m1" else 1)
    assert sorted(told.ended) == sorted(f"{n} {p}" for n in bare.hosts for p in ("preflight", "alter"))


def test_a_host_that_joined_another_cluster_in_the_job_is_refused_then(bare: FakeCluster, clock):
    host = bare.hosts["n1"]
    host.facts["jobs"] = "kubeadm-join-1"

    def on_nap() -> None:
        host.facts["jobs"] = ""
        host.put("/etc/kubernetes/kubelet.conf", "server: https://other:6443\n")

    clock.on_nap = on_nap
    told = run(bare, [look])
    assert list(told.errors) == ["n1"]
    assert sorted(told.ended) == ["m1 look", "n2 look"]


def test_a_run_that_is_stopped_no_longer_waits_for_a_job(bare: FakeCluster, clock):
    stop = Stop()
    bare.hosts["n1"].facts["jobs"] = "kubeadm-join-1"
    clock.on_nap = lambda: stop.ask("^C", within=math.inf) if clock.slept == 2 else time.sleep(0.01)
    told = run(bare, [look], stop=stop)
    assert told.errors == {"n1": "KB-INTERRUPTED"}


def test_a_job_that_never_ends_leaves_its_host_alone(bare: FakeCluster, monkeypatch):
    monkeypatch.setattr("k8sboot.run.connecting.JOB_WAIT", 60)
    bare.hosts["n1"].facts["jobs"] = "kubeadm-join-1"
    told = run(bare, [look])
    assert told.errors == {"n1": "KB-DEADLINE"}
    assert "kubeadm-join-1" in told.report.errors["n1"].why
    assert sorted(told.ended) == ["m1 look", "n2 look"]


def test_every_connection_is_closed_whatever_happened(bare: FakeCluster):
    run(bare, UP, dead={"n2": Unreachable("no")})
    assert bare.hosts["m1"].is_closed
    assert bare.hosts["n1"].is_closed


def test_asked_to_stop_it_ends_what_runs_and_starts_nothing_new(bare: FakeCluster):
    stop = Stop()
    may_end = threading.Event()

    @phase(on=everyone)
    def busy(cluster: Cluster, host: Host) -> None:
        """Be busy."""
        stop.ask("^C", within=math.inf)
        assert may_end.wait(30)
        host.change("end it", ["touch", "/ended"])

    @phase(on=everyone, after=("busy",))
    def later(cluster: Cluster, host: Host) -> None:
        """Never."""
        raise AssertionError

    def listen(event: object) -> None:
        if getattr(event, "code", "") == "KB-INTERRUPTED":
            may_end.set()

    told = run(bare, [busy, later], stop=stop, listener=listen)
    assert sorted(told.ended) == ["m1 busy", "n1 busy", "n2 busy"]
    assert told.errors == dict.fromkeys(("m1", "n1", "n2"), "KB-INTERRUPTED")
    assert told.codes == ["KB-INTERRUPTED"]


def test_asked_again_it_leaves_at_once_and_says_whom(bare: FakeCluster):
    stop, never = Stop(), threading.Event()

    @phase(on=lambda spec: spec.nodes[:1], reads=Reads())
    def stuck(cluster: Cluster, host: Host) -> None:
        """Hang."""
        stop.ask("^C", within=0)
        never.wait(30)

    told = run(bare, [stuck], stop=stop)
    never.set()
    assert told.errors == {"n1": "KB-INTERRUPTED"}
    assert isinstance(told.events[-1], RunEnded)


def test_limit_connects_to_its_hosts_and_the_first_master(clock):
    cluster = FakeCluster(spec(masters=3, nodes=2))
    run(cluster, [look], limit=["n2"])
    assert [name for name, host in cluster.hosts.items() if host.runs] == ["m1", "n2"]
