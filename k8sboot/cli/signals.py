"""What signals do: end a run gently first, at once when asked again, and always with the shell's exit code."""

from __future__ import annotations

import math
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from k8sboot.run.session import Stop

NAMES = {signal.SIGINT: "^C", signal.SIGTERM: "SIGTERM", signal.SIGHUP: "SIGHUP"}
GRACE = 5.0
"""Seconds that a run asked to end, rather than to stop, has for coming to its end."""
ENDING = 30.0
"""Seconds for ending the jobs on the hosts."""


class Left(BaseException):
    """A signal ends the program where it is. code: what the shell sees, 128 and the signal's number."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.code = 128 + number


def leave_on_signals() -> None:
    """Make SIGTERM and SIGHUP exceptions, as ^C is one, so that the terminal is put right on the way out."""

    def leave(number: int, _frame: FrameType | None) -> None:
        raise Left(number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        _handle(number, leave)


def _handle(number: int, handler: object) -> object:
    # A signal that is ignored stays so: nohup, and `&` in a script, mean it.
    if signal.getsignal(number) is signal.SIG_IGN:
        return signal.SIG_IGN
    return signal.signal(number, handler)  # type: ignore[arg-type]


class Signals:
    """The signals of one run, counted. number: the last one that came, 0 for none."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._count = 0
        self.number = 0

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        """First: the run is asked to end. Second: to end its jobs, too. Third: it leaves wherever it is."""
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
    """For the length of the block signals ask a run to end; afterwards they do what they did before."""
    signals = Signals(stop)
    before = {number: _handle(number, signals) for number in NAMES}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            _handle(number, handler)
