"""The one retry loop: a pause before each new attempt, a deadline, and a word to the user."""

from __future__ import annotations

import itertools
import math
import random
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def retry(
    attempt: Callable[[], T],
    *,
    causes: tuple[type[Exception], ...],
    pauses: Iterable[float],
    deadline: float = math.inf,
    before_retry: Callable[[Exception, float], None] = lambda _error, _pause: None,
) -> T:
    """What attempt() returns. While it ends in one of causes it is repeated, after each of the pauses (seconds).

    The last error is raised when the pauses are over, or when the next one would end after the deadline (a
    moment of time.monotonic()). before_retry: takes the error and the pause that follows; may raise to give up.
    """
    left = iter(pauses)
    while True:
        try:
            return attempt()
        except causes as error:
            pause = next(left, None)
            if pause is None or time.monotonic() + pause > deadline:
                raise
            before_retry(error, pause)
        time.sleep(pause)


def backoff(first: float, longest: float, jitter: tuple[float, float]) -> Iterator[float]:
    """Pauses without an end, each twice the one before, up to the longest; each times a random factor of jitter."""
    for number in itertools.count():
        spread = random.uniform(*jitter)  # noqa: S311 - spreads hosts, guards nothing
        yield min(longest, first * 2 ** min(number, 32)) * spread
