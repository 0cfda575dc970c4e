"""Signals: the first ends a run gracefully, the next at once, and the exit code is always the shell's."""

from __future__ import annotations

import math
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from k8sboot.run.stop import Stop

NAMES = {signal.SIGINT: "^C", signal.SIGTERM: "SIGTERM", signal.SIGHUP: "SIGHUP"}
GRACE = 5.0
"""Seconds for a run to end after SIGTERM or SIGHUP."""
ENDING = 30.0
"""Seconds to end the jobs on the hosts."""


class Left(BaseException):
    """A signal ends the program at once. code: the exit code, 128 plus the signal's number."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.code = 128 + number


def leave_on_signals() -> None:
    """Raise exceptions for SIGTERM and SIGHUP, as for ^C, so that the terminal is restored on exit."""

    def leave(number: int, _frame: FrameType | None) -> None:
        raise Left(number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        _handle(number, leave)


def _handle(number: int, handler: object) -> object:
    # An ignored signal stays ignored, for nohup and `&` in a script.
    if signal.getsignal(number) is signal.SIG_IGN:
        return signal.SIG_IGN
    return signal.signal(number, handler)  # type: ignore[arg-type]


class Signals:
    """Counts the signals of one run. number: the last one, 0 for none."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._count = 0
        self.number = 0

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        """First: ask the run to end. Second: to end its jobs, too. Third: exit at once."""
        self._count += 1
        self.number = number
        if self._count > 2:
            raise Left(number)
        name = NAMES[signal.Signals(number)]
        if self._count == 2:
            self._stop.ask(name, within=ENDING, ends_jobs=True)
        else:
            self._stop.ask(name, within=math.inf if number == signal.SIGINT else GRACE)


@contextmanager
def asking(stop: Stop) -> Iterator[Signals]:
    """During the block signals ask a run to end; afterwards the previous handlers are restored."""
    signals = Signals(stop)
    before = {number: _handle(number, signals) for number in NAMES}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            _handle(number, handler)
