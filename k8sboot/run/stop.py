"""A request to end a run early. Imports nothing heavy: signals are handled from the start of the program."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass


@dataclass
class Stop:
    """A request to end the run early: set by a signal handler, read by the session. Nothing new starts.

    name: what asked, e.g. ^C; '' while nothing did. deadline: monotonic seconds, when the session leaves the hosts.
    ends_jobs: running jobs on the hosts are ended, too.
    """

    name: str = ""
    deadline: float = math.inf
    ends_jobs: bool = False

    def ask(self, name: str, *, within: float, ends_jobs: bool = False) -> None:
        """Ask the run to end by itself within so many seconds, or else to leave."""
        self.name = name
        self.ends_jobs = self.ends_jobs or ends_jobs
        self.deadline = min(self.deadline, time.monotonic() + within)

    @property
    def grace(self) -> float:
        """Seconds left until the session leaves."""
        return max(0.0, self.deadline - time.monotonic())
