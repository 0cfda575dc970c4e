"""A host that is dead is waited for once, not once by everybody who reads from it."""

from __future__ import annotations

import itertools

import pytest

from k8sboot.errors import ConnectionLost, Unreachable
from k8sboot.host.retry import QUIET, READ_DEADLINE, Retrier
from k8sboot.ssh.retry import backoff, retry


class Dead:
    """A host that does not answer. asked: how often somebody tried."""

    def __init__(self) -> None:
        self.asked = 0
        self.is_dead = True

    def read(self) -> str:
        self.asked += 1
        if self.is_dead:
            raise Unreachable("cannot reach it", why="no route", fix="look", host="m1")
        return "here"


def test_a_dead_host_is_waited_for_once(clock):
    notes: list[str] = []
    host, patience = Dead(), Retrier(notes.append)
    with pytest.raises(Unreachable):
        patience.retry(host.read)
    assert READ_DEADLINE - 20 < clock.now <= READ_DEADLINE
    assert notes[0] == "m1: cannot reach it (no route); retrying for 180 s more"
    assert len(notes) == host.asked - 1, "the user is told of every wait"
    asked, now = host.asked, clock.now
    for _ in range(100):
        with pytest.raises(Unreachable, match="cannot reach it") as told:
            patience.retry(host.read)
        assert (told.value.host, told.value.fix) == ("m1", "look")
    assert (host.asked, clock.now) == (asked, now)


def test_it_is_asked_once_after_a_while_and_waited_for_again_when_it_has_answered(clock):
    host, patience = Dead(), Retrier(lambda _: None)
    with pytest.raises(Unreachable):
        patience.retry(host.read)
    asked = host.asked
    clock.now += QUIET
    with pytest.raises(Unreachable):
        patience.retry(host.read)
    assert host.asked == asked + 1
    host.is_dead = False
    clock.now += QUIET
    assert patience.retry(host.read) == "here"
    host.is_dead = True
    clock.on_nap = lambda: setattr(host, "is_dead", False)
    assert patience.retry(host.read) == "here"


def test_attempts_end_with_the_pauses_and_the_last_error_is_raised(clock):
    host = Dead()
    with pytest.raises(Unreachable, match="cannot reach it"):
        retry(host.read, causes=(Unreachable,), pauses=[1.0, 2.0])
    assert (host.asked, clock.now) == (3, 3.0)


def test_no_attempt_begins_after_the_deadline(clock):
    host = Dead()
    with pytest.raises(Unreachable):
        retry(host.read, causes=(Unreachable,), pauses=itertools.repeat(3.0), deadline=10.0)
    assert (host.asked, clock.now) == (4, 9.0)


def test_an_error_of_another_kind_is_not_retried(clock):
    host = Dead()
    with pytest.raises(Unreachable):
        retry(host.read, causes=(ConnectionLost,), pauses=itertools.repeat(1.0))
    assert (host.asked, clock.slept) == (1, 0)


def test_pauses_double_up_to_the_longest():
    assert list(itertools.islice(backoff(0.5, 8.0, (1.0, 1.0)), 6)) == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]
    assert all(0.75 <= pause <= 1.25 for pause in itertools.islice(backoff(1.0, 1.0, (0.75, 1.25)), 50))
