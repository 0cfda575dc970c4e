"""From the threads of a run to its listeners."""

from __future__ import annotations

import queue
from collections.abc import Sequence
from dataclasses import dataclass

from k8sboot.events import Event, Listener


@dataclass(frozen=True)
class SyncListener:
    """A listener, for all threads, that is told in the one in which something happens.

    A change begins only when it has been told of it.
    """

    listener: Listener

    def __call__(self, event: Event) -> None:
        """Tell it."""
        self.listener(event)


class EventQueue:
    """Takes events from any thread. Those who are not told at once are told by the thread that calls tell()."""

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._at_once = [each for each in listeners if isinstance(each, SyncListener)]
        self._in_turn = [each for each in listeners if not isinstance(each, SyncListener)]
        self._queue: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._has_ended = False

    def put(self, event: Event) -> None:
        """Something happened. Behind the end nothing is told: hosts that were left may go on for a while."""
        if not self._has_ended:
            self._pass_on(event)

    def end(self, event: Event) -> None:
        """The last thing that is told."""
        self._has_ended = True
        self._pass_on(event)
        while not self.is_empty:
            self.tell(timeout=0)

    def _pass_on(self, event: Event) -> None:
        for listener in self._at_once:
            listener(event)
        self._queue.put(event)

    @property
    def is_empty(self) -> bool:
        """Nobody has to be told of anything more for now."""
        return self._queue.empty()

    def tell(self, *, timeout: float) -> None:
        """Tell of the next event, if one comes within so many seconds."""
        try:
            event = self._queue.get(timeout=timeout)
        except queue.Empty:
            return
        for listener in self._in_turn:
            listener(event)
