"""A user's wish to end a run before its time."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass


@dataclass
class Stop:
    """Set by a signal handler, looked at by the session: nothing new starts, and at the deadline it leaves.

    name: what asked, e.g. ^C; '' while nobody did. deadline: monotonic seconds. ends_jobs: what runs on the
    hosts is ended, too.
    """

    name: str = ""
    deadline: float = math.inf
    ends_jobs: bool = False

    def ask(self, name: str, *, within: float, ends_jobs: bool = False) -> None:
        """Ask the run to end by itself, or to leave after so many seconds when it has not."""
        self.name = name
        self.ends_jobs = self.ends_jobs or ends_jobs
        self.deadline = min(self.deadline, time.monotonic() + within)

    @property
    def grace(self) -> float:
        """Seconds that are left until the session leaves."""
        return max(0.0, self.deadline - time.monotonic())
