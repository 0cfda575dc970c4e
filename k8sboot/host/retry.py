"""Reads are asked again when a connection dies under them, with jitter and a deadline. Changes never are."""

from __future__ import annotations

import copy
import random
import time
from collections.abc import Callable
from typing import TypeVar

from k8sboot.errors import ConnectionLost, Unreachable

T = TypeVar("T")

READ_DEADLINE = 180.0
"""Seconds in which a host must be reached again: longer than a cable that is put back, or a reboot."""

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 15.0

QUIET = 10.0
"""Seconds in which a host that was given up is not asked again."""


def retry(
    read: Callable[[], T],
    *,
    deadline: float = READ_DEADLINE,
    causes: tuple[type[Exception], ...] = (ConnectionLost, Unreachable),
    told: Callable[[str], None],
) -> T:
    """What read() returns; asked again while it ends in one of causes, until deadline seconds are over.

    told: takes a line for the user each time.
    """
    end = time.monotonic() + deadline
    pause = FIRST_PAUSE
    while True:
        try:
            return read()
        except causes as error:
            if time.monotonic() + pause > end:
                raise
            told(f"{error}; trying again for {end - time.monotonic():.0f} s more")
        time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - spreads hosts, guards nothing
        pause = min(pause * 2, LONGEST_PAUSE)


class Retrier:
    """How long one host is insisted upon: once it was given up, not at length again until it has answered.

    Many may read from a host that is dead, one after the other: they do not each wait for all of that time.
    """

    def __init__(self, told: Callable[[str], None]) -> None:
        """told: takes a line for the user each time that the host is asked again."""
        self._told = told
        self._error: Exception | None = None
        self._quiet_until = 0.0

    def retry(self, read: Callable[[], T]) -> T:
        """What read() returns. Raises what it ends in, or ended in a moment ago."""
        error = self._error
        if error is not None and time.monotonic() < self._quiet_until:
            raise copy.copy(error)
        try:
            found = retry(read, deadline=READ_DEADLINE if error is None else 0.0, told=self._told)
        except (ConnectionLost, Unreachable) as lost:
            self._error, self._quiet_until = lost, time.monotonic() + QUIET
            raise
        self._error = None
        return found
