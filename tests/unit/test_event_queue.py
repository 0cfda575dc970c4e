"""Who is told of what, when, and by which thread."""

from __future__ import annotations

import threading

from k8sboot.events import Event
from k8sboot.run.event_queue import EventQueue, SyncListener


def test_some_are_told_at_once_and_the_others_when_it_is_their_turn():
    at_once: list[str] = []
    in_turn: list[tuple[str, str]] = []
    wire = EventQueue([
        lambda event: in_turn.append((event.host, threading.current_thread().name)),
        SyncListener(lambda event: at_once.append(threading.current_thread().name)),
    ])  # fmt: skip
    thread = threading.Thread(target=wire.put, args=(Event(host="n1"),), name="n1")
    thread.start()
    thread.join()
    assert (at_once, in_turn) == (["n1"], [])
    assert not wire.is_empty
    wire.tell(timeout=0)
    assert in_turn == [("n1", threading.current_thread().name)]
    assert wire.is_empty


def test_nothing_is_told_behind_the_end_and_all_before_it():
    told: list[str] = []
    wire = EventQueue([lambda event: told.append(event.phase)])
    wire.put(Event(phase="first"))
    wire.end(Event(phase="last"))
    wire.put(Event(phase="late"))
    wire.tell(timeout=0)
    assert told == ["first", "last"]


def test_where_there_is_nothing_to_tell_nobody_is_told():
    told: list[Event] = []
    EventQueue([told.append]).tell(timeout=0)
    assert told == []
