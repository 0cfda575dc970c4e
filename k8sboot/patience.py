"""Reads are asked again when a connection dies under them, with jitter and a deadline. Changes never are."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from k8sboot.errors import ConnectionLost, Unreachable

T = TypeVar("T")

READ_DEADLINE = 180.0
"""Seconds in which a host must be reached again: longer than a cable that is put back, or a reboot."""

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 15.0


def insist(
    read: Callable[[], T],
    *,
    deadline: float = READ_DEADLINE,
    causes: tuple[type[Exception], ...] = (ConnectionLost, Unreachable),
) -> T:
    """What read() returns; asked again while it ends in one of causes, until deadline seconds are over."""
    end = time.monotonic() + deadline
    pause = FIRST_PAUSE
    while True:
        try:
            return read()
        except causes:
            if time.monotonic() + pause > end:
                raise
        time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - spreads hosts, guards nothing
        pause = min(pause * 2, LONGEST_PAUSE)
