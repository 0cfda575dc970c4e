"""What the door tells before and after a change, and who is told when."""

from __future__ import annotations

import hashlib
import threading

import pytest
from fake_cluster import FakeCluster
from runs import run

from k8sboot import ensure
from k8sboot.errors import CommandFailed, Unreachable
from k8sboot.events import Changed, Changing, Event, Skipped
from k8sboot.phase import everyone, phase
from k8sboot.runbook import UP
from k8sboot.secret import Secret

pytestmark = pytest.mark.usefixtures("clock")


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def kinds(events: list[Event]) -> list[type[Event]]:
    return [type(event) for event in events]


def test_a_change_is_announced_before_it_begins(bench):
    it = bench()
    seen = []

    def step(host):
        emit = it.events.append
        host._context = type(host._context)(
            "test", lambda event: (seen.append(list(it.connection.commands)), emit(event))
        )
        host.change("do it", ["touch", "/x"])

    it.do(step)
    assert kinds(it.events) == [Changing, Changed]
    assert seen == [[], ["touch /x"]]
    assert it.events[0] == Changing(host="h1", phase="test", what="do it", commands=("touch /x",))


def test_a_change_that_fails_has_begun_and_not_ended(bench):
    it = bench(answers={"false": (1, "", "")})
    with pytest.raises(CommandFailed):
        it.do(lambda host: host.change("try", ["false"]))
    assert kinds(it.events) == [Changing]


def test_a_dry_run_begins_nothing(bench):
    it = bench()
    it.do(lambda host: host.change("do it", ["touch", "/x"]), is_dry=True)
    assert kinds(it.events) == [Changed]


@pytest.mark.parametrize("before", ["old\n", None])
def test_a_written_file_is_told_with_its_digests(bench, before):
    it = bench(files={"/etc/x": before} if before else {})
    it.do(lambda host: ensure.file(host, "/etc/x", "new\n"))
    (changed,) = [e for e in it.events if isinstance(e, Changed)]
    assert [(f.path, f.before, f.after) for f in changed.files] == [
        ("/etc/x", digest(before) if before else "", digest("new\n"))
    ]


def test_a_secret_has_no_digest_it_could_be_guessed_from(bench):
    it = bench()
    it.do(lambda host: ensure.file(host, "/etc/x", Secret("hunter2"), mode=0o600))
    (changed,) = [e for e in it.events if isinstance(e, Changed)]
    assert changed.files == ()


def test_the_witness_is_told_in_the_thread_of_the_host_before_a_change_begins(bare: FakeCluster):
    told: list[tuple[str, str, int]] = []

    @phase(on=everyone)
    def touch(cluster, host):
        """Touch."""
        host.change("touch it", ["touch", "/x"])

    def witness(event: Event) -> None:
        if isinstance(event, Changing):
            sent = bare.hosts[event.host].commands
            told.append((event.host, threading.current_thread().name, len(sent)))

    run(bare, [touch], witness=witness)
    assert sorted(told) == [("m1", "m1", 0), ("n1", "n1", 0), ("n2", "n2", 0)]


def test_witness_and_listeners_hear_the_same(bare: FakeCluster):
    heard: list[Event] = []
    told = run(bare, UP, witness=heard.append)
    assert len(heard) == len(told.events)
    assert {id(event) for event in heard} == {id(event) for event in told.events}
    for host in ("", *bare.hosts):
        assert [e for e in heard if e.host == host] == [e for e in told.events if e.host == host]


def test_hosts_that_were_not_worked_on_for_want_of_a_master_are_told_of(bare: FakeCluster):
    told = run(bare, UP, dead={"m1": Unreachable("nothing answers")})
    assert {(e.host, e.why) for e in told.of(Skipped)} == {
        ("n1", "m1 failed in connect"),
        ("n2", "m1 failed in connect"),
    }
