"""The door: what is seen of a host, when it is looked at anew, and what is waited for."""

from __future__ import annotations

import pytest

from k8sboot.errors import CommandFailed, ConnectionLost, DeadlineExceeded, NotAsWanted, Refused, StepFailed
from k8sboot.events import Notice, Output, Waiting
from k8sboot.host.host import Context, Host
from k8sboot.host.machine import Machine
from k8sboot.host.reads import Question, Reads


def test_after_a_change_the_host_is_seen_anew_and_otherwise_not(bench):
    it = bench()

    def step(host):
        assert host.facts.timezone == "Etc/UTC"
        assert host.facts.hostname == "h1"
        host.change("set it", ["timedatectl", "set-timezone", "Europe/Rome"])
        assert host.facts.timezone == "Europe/Rome"

    it.do(step)
    assert it.connection.runs == ["probe", "change", "probe"]


def test_a_change_that_failed_is_seen_too(bench):
    it = bench(answers={"false": (1, "", "")})

    def step(host):
        assert host.facts.hostname == "h1"
        with pytest.raises(CommandFailed):
            host.change("half", ["hostnamectl", "set-hostname", "new"], ["false"])
        assert host.facts.hostname == "new"

    it.do(step)


def test_other_bytes_after_a_write_are_told_and_seen(bench, monkeypatch):
    from k8sboot import ensure
    from k8sboot.ssh.connection import Completed

    it = bench(files={"/etc/x": "old"})
    monkeypatch.setattr(it.connection, "_write", lambda _script: Completed(0, b"0" * 64 + b"  -\n", b""))

    def step(host):
        with pytest.raises(NotAsWanted, match="content on the host differs"):
            ensure.file(host, "/etc/x", "new")
        assert host.read_file("/etc/x") == "old"

    it.do(step)


def test_a_wait_looks_anew_each_time(bench, clock):
    it = bench(answers={"is-ready": "no"})

    def on_nap():
        if clock.slept == 2:
            it.connection.answers["is-ready"] = "yes"

    clock.on_nap = on_nap
    ready = Question("is-ready", "is-ready")
    it.do(
        lambda host: host.wait(
            "it", lambda: "" if host.answer(ready).text == "yes" else "not yet", timeout=60
        )
    )
    assert clock.slept == 2
    assert [e.what for e in it.events if isinstance(e, Waiting)] == ["it"]


def test_a_wait_tells_what_is_missing_each_time_that_it_changes(bench, clock):
    missing = iter(["a: Pending", "a: Pending", "a: CrashLoopBackOff", ""])
    it = bench()
    it.do(lambda host: host.wait("the Pods", lambda: next(missing), timeout=60))
    assert [e.line for e in it.events if isinstance(e, Output)] == ["a: Pending", "a: CrashLoopBackOff"]


def test_a_dry_run_looks_once_and_says_what_is_missing(bench, clock):
    it = bench()
    it.do(lambda host: host.wait("the Pods", lambda: "a: Pending", timeout=600), is_dry=True)
    assert [(e.code, e.text) for e in it.events if isinstance(e, Notice)] == [
        ("KB-NOT-READY", "`up` would wait for the Pods: a: Pending")
    ]
    assert clock.slept == 0


def test_a_machine_that_is_slow_to_answer_is_left_alone_for_as_long(bench, clock):
    asked_at = []

    def complain():
        asked_at.append(clock.now)
        clock.now += 20
        return "" if len(asked_at) == 3 else "not yet"

    bench().do(lambda host: host.wait("it", complain, timeout=600))
    assert asked_at == [0, 40, 80]


def test_a_slow_look_does_not_stretch_the_wait(bench, clock):
    def complain():
        clock.now += 40
        return "not yet"

    with pytest.raises(DeadlineExceeded):
        bench().do(lambda host: host.wait("it", complain, timeout=50))
    assert clock.now == 40 + 10 + 40


def test_what_is_there_already_is_not_waited_for(bench, clock):
    it = bench()
    it.do(lambda host: host.wait("it", lambda: "", timeout=60))
    assert it.events == []
    assert clock.slept == 0


@pytest.mark.parametrize("error", [StepFailed("garbage"), DeadlineExceeded("hung"),
                                   CommandFailed("no", command="x", exit_status=1, host="h1")])  # fmt: skip
def test_a_look_that_fails_while_waiting_is_a_complaint(bench, error):
    it = bench()

    def complain():
        raise error

    with pytest.raises(DeadlineExceeded, match="timed out after 10 s waiting for it") as late:
        it.do(lambda host: host.wait("it", complain, timeout=10))
    assert str(error) in late.value.why


@pytest.mark.parametrize("error", [Refused("never"), ConnectionLost("gone"), KeyError("ours")])
def test_a_look_that_can_never_succeed_ends_the_wait(bench, clock, error):
    it = bench()

    def complain():
        raise error

    with pytest.raises(type(error)):
        it.do(lambda host: host.wait("it", complain, timeout=10))
    assert clock.slept == 0


def test_a_dry_run_that_would_have_altered_the_host_waits_for_nothing(bench):
    it = bench()

    def step(host):
        host.change("start it", ["touch", "/x"])
        host.wait("it", lambda: "never", timeout=10)
        host.expect("it", lambda: "never")

    assert it.do(step, is_dry=True) == ["start it"]


def test_an_undeclared_question_comes_with_the_probe_or_in_one_of_its_own(bench):
    it = bench(answers={"q": "x\n"})
    question = Question("q", "find")

    def step(host, runs):
        for _ in range(2):
            assert host.answer(question).text == "x"
        assert it.connection.runs == runs

    it.do(step, ["probe"])
    it.do(lambda host: (host.facts, step(host, ["probe", "probe"])))


def test_a_question_that_may_hang_is_asked_at_first_and_then_only_when_somebody_wants_to_know(bench):
    """Seen on the lab: each look at a master without DNS took five seconds more."""
    asked = []
    it = bench(answers={"dns": lambda _host, _words: asked.append(1) or "x"})
    question = Question("dns", "dig", may_hang=True)
    it.reads = Reads(questions=(question,))

    def step(host):
        assert host.answer(question).text == "x"
        assert (it.connection.runs, len(asked)) == (["probe"], 1)
        host.change("set it", ["timedatectl", "set-timezone", "Europe/Rome"])
        assert host.facts.timezone == "Europe/Rome"
        assert len(asked) == 1
        assert host.answer(question).text == "x"
        assert (it.connection.runs, len(asked)) == (["probe", "change", "probe", "probe"], 2)
        host.change("set it", ["timedatectl", "set-timezone", "Etc/UTC"])
        assert host.answer(question).text == "x"
        assert it.connection.runs[4:] == ["change", "probe"]

    it.do(step)


def _same(found: object, wanted: object) -> None:
    assert found == wanted


def test_a_large_file_is_read_whole(bench):
    text = "x" * 100_000
    it = bench(files={"/etc/large": text})
    it.do(lambda host: _same(host.read_file("/etc/large"), text))
    assert it.connection.commands == ["cat -- /etc/large"]


def test_a_module_that_a_probe_says_nothing_of_is_missing(bench, monkeypatch):
    it = bench()
    monkeypatch.setattr(it.connection, "_probed", lambda _script: b"")
    it.do(lambda host: _same(host.module("nothing"), "missing"))


def test_an_error_of_a_read_is_told_with_its_command(bench):
    it = bench(answers={"kubectl get": (1, "", "connection refused\n")})
    with pytest.raises(CommandFailed, match="cannot read from h1") as failed:
        it.do(lambda host: host.read(["kubectl", "get", "x"]))
    assert failed.value.detail == "connection refused"


FILES = ("/etc/a", "/etc/b")


def test_a_file_that_changed_while_the_probe_read_it_is_read_again_apart_from_others(bench, monkeypatch):
    it = bench(files={"/etc/a": "before", "/etc/b": "b"})
    probed, asked = it.connection._probed, []

    def changing(reads: Reads) -> bytes:
        asked.append(reads.files)
        return probed(reads).replace(b"\nbefore", b"\nbefOre", 2 - len(asked))

    monkeypatch.setattr(it.connection, "_probed", changing)
    host = Host(Machine("h1", "192.0.2.1", "node", it.connection, Reads(files=FILES)), Context("test", print))
    assert (host.file("/etc/a").content, host.file("/etc/b").content) == (b"before", b"b")
    assert asked == [FILES, ("/etc/a",)]
