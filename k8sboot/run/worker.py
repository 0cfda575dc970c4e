"""The thread of one host."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Worker(threading.Thread):
    """Does one host's work and wakes whoever waits for its end. It starts by itself."""

    def __init__(self, name: str, work: Callable[[], None], wake: Callable[[], None]) -> None:
        """wake: called in this thread, after the work, also when that raised."""
        super().__init__(name=name, daemon=True)
        self.is_busy = True
        self._work = work
        self._wake = wake
        self.start()

    def run(self) -> None:
        """Do the work."""
        try:
            self._work()
        finally:
            self.is_busy = False
            self._wake()
