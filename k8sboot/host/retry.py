"""Retry reads when the connection drops, with jitter and a deadline. Changes are never retried."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from typing import TypeVar

from k8sboot.errors import ConnectionLost, Unreachable
from k8sboot.ssh.retry import backoff, retry

T = TypeVar("T")

READ_DEADLINE = 180.0
"""Seconds in which a host must be reachable again: longer than an unplugged cable, or a reboot."""

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 15.0
JITTER = (0.5, 1.0)

QUIET = 10.0
"""Seconds for which a host that timed out is not tried again."""


def retry_read(
    read: Callable[[], T],
    *,
    notice: Callable[[str], None],
    deadline: float = READ_DEADLINE,
    causes: tuple[type[Exception], ...] = (ConnectionLost, Unreachable),
) -> T:
    """The result of read(), retried for errors in causes until deadline seconds have passed.

    notice: receives a line for the user before each retry.
    """
    end = time.monotonic() + deadline
    return retry(
        read,
        causes=causes,
        pauses=backoff(FIRST_PAUSE, LONGEST_PAUSE, JITTER),
        deadline=end,
        before_retry=lambda error, _pause: notice(
            f"{error}; retrying for {end - time.monotonic():.0f} s more"
        ),
    )


class Retrier:
    """Retries the reads of one host. After it has timed out, it is not waited for until it has answered.

    Many reads of a dead host, one after the other, do not each wait until the deadline.
    """

    def __init__(self, notice: Callable[[str], None]) -> None:
        """notice: receives a line for the user before each retry."""
        self._notice = notice
        self._error: Exception | None = None
        self._quiet_until = 0.0

    def retry(self, read: Callable[[], T]) -> T:
        """The result of read(). Raises its last error, or for QUIET seconds the one it raised before."""
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
