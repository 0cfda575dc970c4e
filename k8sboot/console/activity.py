"""What each host is doing at this moment, from the events."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from k8sboot.events import (
    Changed,
    Connected,
    Event,
    Failed,
    Output,
    PhaseEnded,
    PhaseStarted,
    RunEnded,
    RunStarted,
    Skipped,
    Waiting,
    Working,
)


@dataclass(frozen=True)
class Activity:
    """since: monotonic seconds. timeout: seconds after which a wait gives up, 0 for none. said: last output."""

    host: str
    phase: str
    what: str
    since: float
    timeout: float = 0.0
    said: str = ""


class Activities:
    """The activity of every host that has one. Told by one thread, read by another."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._now: dict[str, Activity] = {}

    def __call__(self, event: Event) -> None:
        """Take note of an event."""
        with self._lock:
            if isinstance(event, RunStarted):
                self._now = {name: self._new(name, "connect", "connecting") for name in event.hosts}
            elif isinstance(event, RunEnded):
                self._now.clear()
            elif isinstance(event, Connected | PhaseEnded | Failed | Skipped):
                self._now.pop(event.host, None)
            elif isinstance(event, Output):
                self._said(event)
            elif event.host:
                self._does(event)

    def _said(self, event: Output) -> None:
        if event.host in self._now:
            self._now[event.host] = replace(self._now[event.host], said=event.line)

    def _does(self, event: Event) -> None:
        what, timeout = _described(event)
        if what:
            self._now[event.host] = replace(self._new(event.host, event.phase, what), timeout=timeout)

    def _new(self, host: str, phase: str, what: str) -> Activity:
        return Activity(host, phase, what, self._clock())

    def longest_first(self) -> list[Activity]:
        """What goes on now; what has gone on longest comes first."""
        with self._lock:
            return sorted(self._now.values(), key=lambda activity: activity.since)

    def seconds(self, activity: Activity) -> float:
        """For how long this has gone on."""
        return self._clock() - activity.since


def _described(event: Event) -> tuple[str, float]:
    """An event's activity in words and its timeout; '' for events that tell of none."""
    if isinstance(event, Working):
        return event.what, 0.0
    if isinstance(event, Waiting):
        return f"waiting for {event.what}", event.timeout
    if isinstance(event, Changed):
        return f"done: {event.what}", 0.0
    return ("looking", 0.0) if isinstance(event, PhaseStarted) else ("", 0.0)
