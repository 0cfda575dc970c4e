"""Repeat reads when the connection dies under them, with jitter and a deadline. Changes are never repeated."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from typing import TypeVar

from k8sboot.errors import ConnectionLost, Unreachable
from k8sboot.ssh.retry import backoff, retry

T = TypeVar("T")

READ_DEADLINE = 180.0
"""Seconds in which a host must be reached again: longer than a cable that is put back, or a reboot."""

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 15.0
JITTER = (0.5, 1.0)

QUIET = 10.0
"""Seconds in which a host that was given up is not asked again."""


def retry_read(
    read: Callable[[], T],
    *,
    notice: Callable[[str], None],
    deadline: float = READ_DEADLINE,
    causes: tuple[type[Exception], ...] = (ConnectionLost, Unreachable),
) -> T:
    """What read() returns; repeated while it ends in one of causes, until deadline seconds are over.

    notice: takes a line for the user before each repetition.
    """
    end = time.monotonic() + deadline
    return retry(
        read,
        causes=causes,
        pauses=backoff(FIRST_PAUSE, LONGEST_PAUSE, JITTER),
        deadline=end,
        before_retry=lambda error, _pause: notice(
            f"{error}; trying again for {end - time.monotonic():.0f} s more"
        ),
    )


class Retrier:
    """Repeats the reads of one host. Once the host was given up, it is not waited for again until it has answered.

    Many may read from a dead host, one after the other: they do not each wait until the deadline.
    """

    def __init__(self, notice: Callable[[str], None]) -> None:
        """notice: takes a line for the user before each repetition."""
        self._notice = notice
        self._error: Exception | None = None
        self._quiet_until = 0.0

    def retry(self, read: Callable[[], T]) -> T:
        """What read() returns. Raises its last error, or for QUIET seconds the one it raised before."""
        error = self._error
        if error is not None and time.monotonic() < self._quiet_until:
            raise copy.copy(error)
        try:
            found = retry_read(read, notice=self._notice, deadline=READ_DEADLINE if error is None else 0.0)
        except (ConnectionLost, Unreachable) as lost:
            self._error, self._quiet_until = lost, time.monotonic() + QUIET
            raise
        self._error = None
        return found
