"""How long a run holds its hosts: beyond the end of every change, and for as long as the run lasts."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import pytest
from fake_host import FakeConnection

from k8sboot.errors import ConnectionLost
from k8sboot.host import lease
from k8sboot.host import machine as machine_module
from k8sboot.host.lease import LEASE, RENEW, Claim
from k8sboot.host.machine import Machine
from k8sboot.host.reads import Reads
from k8sboot.host.script import Commands
from k8sboot.run import leases
from k8sboot.run.leases import TICK, Leases

ME = Claim("run1", "up by me", "seat1")


class Held:
    """A machine that a run holds, at a time that the test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, claim: Claim | None = ME) -> None:
        self.now = 1000.0
        self.connection = FakeConnection()
        self.machine = Machine("h1", "192.0.2.1", "master", self.connection, Reads())
        self.machine.claim = claim
        fake_time = SimpleNamespace(monotonic=lambda: self.now, time=time.time)
        monkeypatch.setattr(machine_module, "time", fake_time)

    def change(self, timeout: float = 60) -> None:
        self.machine.alter("touch /etc/x", timeout=timeout)
        self.connection.clear()

    def after(self, seconds: float) -> list[str]:
        """What the next look at this machine's lease sends, so many seconds later."""
        self.now += seconds
        self.connection.runs.clear()
        self.machine.renew()
        return list(self.connection.runs)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    return Held(monkeypatch)


@pytest.mark.parametrize("timeout", [10, 600, 3600])
def test_the_lease_of_a_change_outlives_it_however_long_it_takes(held: Held, timeout: float):
    held.change(timeout)
    assert held.connection.lease == timeout + LEASE


def test_an_idle_run_renews_its_lease_when_that_is_due_and_not_before(held: Held):
    held.change()
    assert held.after(RENEW - 1) == []
    assert held.after(2) == ["hold"]
    assert held.connection.lease == LEASE
    assert held.after(1) == [], "it was renewed a moment ago"
    assert held.after(RENEW) == ["hold"]


def test_a_run_that_is_idle_for_an_hour_never_loses_its_host_and_seldom_asks(held: Held):
    held.change(timeout=1)
    ends, asked = held.now + held.connection.lease, 0
    for _ in range(int(3600 / TICK)):
        if held.after(TICK):
            asked += 1
            ends = held.now + held.connection.lease
        assert held.now < ends, "another run may take the host"
    assert asked <= 3600 / RENEW


def test_a_change_counts_as_a_renewal(held: Held):
    held.change()
    held.now += RENEW - 1
    held.change()
    assert held.after(RENEW - 1) == []


def test_a_host_that_was_never_changed_has_no_lease_to_renew(held: Held):
    assert held.after(10 * LEASE) == []
    assert held.connection.holder == ""


def test_a_host_that_was_released_is_not_taken_again(held: Held):
    held.change()
    held.machine.release()
    assert held.after(RENEW + 1) == []
    assert held.connection.holder == ""


def test_a_run_without_a_claim_renews_nothing(monkeypatch):
    it = Held(monkeypatch, claim=None)
    it.change()
    assert it.after(RENEW + 1) == []


def test_a_job_holds_its_host_itself(held: Held):
    held.connection.answers["work"] = "working\n"
    sent: list[str] = []
    held.machine.run_job("work", Commands((("work",),)), 60, lambda _line: sent.extend(held.after(RENEW + 1)))
    assert sent == []
    assert held.after(RENEW + 1) == ["hold"], "idle again"


def test_a_renewal_that_fails_is_tried_again_at_the_next_tick(held: Held, monkeypatch):
    held.change()
    with monkeypatch.context() as broken:
        broken.setattr(held.connection, "run", lambda *_, **__: (_ for _ in ()).throw(ConnectionLost("lost")))
        assert held.after(RENEW + 1) == []
    assert held.after(TICK) == ["hold"]


def test_another_run_s_host_is_not_taken_by_a_renewal(held: Held):
    held.change()
    held.connection.holder = "run2 seat2 up by bob"
    held.after(RENEW + 1)
    assert held.connection.holder == "run2 seat2 up by bob"


def test_while_a_run_lasts_every_machine_is_looked_after_and_then_released(monkeypatch):
    monkeypatch.setattr(leases, "TICK", 0.001)
    calls: dict[str, threading.Event] = {name: threading.Event() for name in ("renew", "release")}
    other = {name: threading.Event() for name in calls}
    machines = {
        name: SimpleNamespace(renew=done["renew"].set, release=done["release"].set)
        for name, done in (("m1", calls), ("n1", other))
    }
    with Leases(machines):
        assert calls["renew"].wait(30)
        assert other["renew"].wait(30)
        assert not calls["release"].is_set()
    assert calls["release"].is_set()
    assert other["release"].is_set()


def test_what_is_renewed_lasts_longer_than_the_pause_between_two_looks():
    assert TICK < RENEW < RENEW + TICK + machine_module.HOLD_TIMEOUT < lease.LEASE
