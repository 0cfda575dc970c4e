"""A host that is dead is waited for once, not once by everybody who reads from it."""

from __future__ import annotations

import pytest

from k8sboot.errors import Unreachable
from k8sboot.host.retry import QUIET, READ_DEADLINE, Retrier


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
    assert notes[0] == "m1: cannot reach it (no route); trying again for 180 s more"
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
