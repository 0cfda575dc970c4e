"""Pass events from the threads of a run to its listeners."""

from __future__ import annotations

import queue
from collections.abc import Sequence
from dataclasses import dataclass

from k8sboot.events import Event, Listener


@dataclass(frozen=True)
class SyncListener:
    """A thread-safe listener that is called in the thread of the event.

    A change begins only after it has returned.
    """

    listener: Listener

    def __call__(self, event: Event) -> None:
        """Pass on the event."""
        self.listener(event)


class EventQueue:
    """Takes events from any thread. Listeners that are not synchronous are called by the thread that calls tell()."""

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._at_once = [each for each in listeners if isinstance(each, SyncListener)]
        self._in_turn = [each for each in listeners if not isinstance(each, SyncListener)]
        self._queue: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._has_ended = False

    def put(self, event: Event) -> None:
        """Add an event. Events after the end are dropped; abandoned hosts may still emit some."""
        if not self._has_ended:
            self._pass_on(event)

    def end(self, event: Event) -> None:
        """Add the last event, and pass on all that is queued."""
        self._has_ended = True
        self._pass_on(event)
        while not self.is_empty:
            self.tell(timeout=0)

    def _pass_on(self, event: Event) -> None:
        for listener in self._at_once:
            listener(event)
        self._queue.put(event)

    def wake(self) -> None:
        """Let tell() return now, from any thread."""
        self._queue.put(None)

    @property
    def is_empty(self) -> bool:
        """No event is queued."""
        return self._queue.empty()

    def tell(self, *, timeout: float) -> None:
        """Pass on the next event, if there is one within timeout seconds and before wake()."""
        try:
            event = self._queue.get(timeout=timeout)
        except queue.Empty:
            return
        if event is not None:
            for listener in self._in_turn:
                listener(event)
