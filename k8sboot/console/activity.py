"""What each host is doing now, from the events."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from k8sboot.events import (
    Connected,
    Event,
    Failed,
    Output,
    PhaseEnded,
    RunEnded,
    RunStarted,
    Skipped,
    Waiting,
)
from k8sboot.text.event_lines import event_line


@dataclass(frozen=True)
class Activity:
    """since: monotonic seconds. timeout: of a wait in seconds, 0 for none. output: its last line."""

    host: str
    phase: str
    what: str
    since: float
    timeout: float = 0.0
    output: str = ""


class Activities:
    """The activity of every host that has one. One thread writes it, another reads it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._now: dict[str, Activity] = {}

    def __call__(self, event: Event) -> None:
        """Update from an event."""
        with self._lock:
            if isinstance(event, RunStarted):
                self._now = {name: self._new(name, "connect", "connecting") for name in event.hosts}
            elif isinstance(event, RunEnded):
                self._now.clear()
            elif isinstance(event, Connected | PhaseEnded | Failed | Skipped):
                self._now.pop(event.host, None)
            elif isinstance(event, Output):
                self._take_output(event)
            elif event.host:
                self._begin(event)

    def _take_output(self, event: Output) -> None:
        if event.host in self._now:
            self._now[event.host] = replace(self._now[event.host], output=event.line)

    def _begin(self, event: Event) -> None:
        line = event_line(type(event).__name__, vars(event))
        if line and line.activity:
            timeout = event.timeout if isinstance(event, Waiting) else 0.0
            self._now[event.host] = replace(
                self._new(event.host, event.phase, line.activity), timeout=timeout
            )

    def _new(self, host: str, phase: str, what: str) -> Activity:
        return Activity(host, phase, what, self._clock())

    def longest_first(self) -> list[Activity]:
        """The current activities, the longest first."""
        with self._lock:
            return sorted(self._now.values(), key=lambda activity: activity.since)

    def seconds(self, activity: Activity) -> float:
        """How long an activity has lasted."""
        return self._clock() - activity.since
