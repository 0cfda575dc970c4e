"""An answer that several waits judge in turn, so that each asks again only for what it does not like."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Generic, TypeVar

T = TypeVar("T")


class LastAnswer(Generic[T]):
    """What a question was answered last."""

    def __init__(self, ask: Callable[[], T], last: Sequence[T] = ()) -> None:
        """last: an answer that is known already, if any."""
        self._ask = ask
        self._last = [*last]

    def problem(self, judge: Callable[[T], str]) -> Callable[[], str]:
        """For Host.wait: what judge finds wrong with the last answer, and from the second look on with a new one."""
        answers = chain(self._last, iter(self._asked, object()))
        return lambda: judge(next(answers))

    def _asked(self) -> T:
        self._last = [self._ask()]
        return self._last[0]
