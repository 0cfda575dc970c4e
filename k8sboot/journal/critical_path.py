"""What a run waited for: the chain of phases that made it last as long as it did.

A phase on a host begins after the phase before it on the same host, after all hosts have ended the phases that it
comes after, and, where only some hosts may work at a time, when one of them ends. Whatever of these ended last is
what it waited for; the order is that of the journal, which no clock can change.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile

from k8sboot.events import Barrier
from k8sboot.journal.timeline import CHECKS, CONNECT, Bar, Timeline

ENDED_EARLY = ("failed", "cut short")


@dataclass(frozen=True)
class Step:
    """A phase of the critical path. waited: how long its host had waited for the step before, on another host."""

    bar: Bar
    waited: float = 0.0


class Waits:
    """What each phase of a run waited for.

    barriers: by phase, for a run whose journal does not have them.
    """

    def __init__(self, timeline: Timeline, barriers: Mapping[str, Barrier]) -> None:
        self._timeline = timeline
        self._barriers = timeline.barriers or barriers
        started = [bar for bar in timeline.bars if bar.was_started]
        self._all = _Bars(started)
        self._of_phase = _grouped(started)
        self._of_phase[CONNECT] = _Bars(_before_all_phases(started))
        self._turns = _Bars(bar for bar in started if self._barrier(bar.phase).has_turn)
        self._lost = _Bars(bar for bar in started if bar.result in ENDED_EARLY and bar.host != self._first)
        self._before = _before(timeline.bars)

    @property
    def _first(self) -> str:
        return next(iter(self._timeline.hosts), "")

    @cached_property
    def path(self) -> tuple[Step, ...]:
        """The critical path, first step first. A run that was cut short waited for what had been running longest."""
        steps: list[Step] = []
        bar = self._last()
        while bar:
            steps.append(Step(bar, self.waited(bar)))
            bar = self.cause(bar)
        return tuple(reversed(steps))

    def _last(self) -> Bar | None:
        is_open = [bar for bar in self._all.bars if not bar.closed]
        return min(is_open, key=lambda bar: bar.opened) if is_open else self._all.last_before(None)

    def cause(self, bar: Bar) -> Bar | None:
        """What ended last of all that had to end before this began."""
        barrier = self._barrier(bar.phase)
        after = (*barrier.after, CONNECT, CHECKS)
        ended = [self._before.get(id(bar)), *(self._ended(phase, bar) for phase in after)]
        ready = max(filter(None, ended), key=lambda each: each.closed, default=None)
        return self._slot(bar, barrier, ready.closed if ready else 0) or ready

    def waited(self, bar: Bar) -> float:
        """Seconds from the end of the phase before on the same host, if the phase waited for another host.

        A phase that was not started for a failure elsewhere waited until then.
        """
        before = self._before.get(id(bar))
        if not before:
            return 0.0
        cause = self.cause(bar)
        has_waited = not bar.was_started or (cause and cause.host != bar.host)
        return max(0.0, bar.begin - before.end) if has_waited else 0.0

    @cached_property
    def by_host(self) -> dict[str, float]:
        """Seconds that each host waited for others."""
        found = dict.fromkeys(self._timeline.hosts, 0.0)
        for bar in self._timeline.bars:
            found[bar.host] += self.waited(bar)
        return found

    def _barrier(self, phase: str) -> Barrier:
        return self._barriers.get(phase, Barrier(phase=phase))

    def _ended(self, phase: str, bar: Bar) -> Bar | None:
        """The last end of a phase before this bar. A host that failed before the phase ends it by that."""
        found = self._of_phase[phase].last_before(bar.opened)
        if phase in (CONNECT, CHECKS) or self._of_phase[phase].hosts == {self._first}:
            return found
        lost = self._lost.last_before(bar.opened)
        return max(filter(None, (found, lost)), key=lambda each: each.closed, default=None)

    def _slot(self, bar: Bar, barrier: Barrier, ready: int) -> Bar | None:
        """What had to end because only some hosts may work at a time, if that ended after everything else."""
        limits = (
            (self._of_phase[bar.phase], barrier.at_once),
            (self._turns, int(barrier.has_turn)),
            (self._all, self._timeline.forks),
        )
        freed = [bars.made_room_before(bar.opened, most) for bars, most in limits if most > 0]
        late = [each for each in freed if each and each.closed > ready]
        return max(late, key=lambda each: each.closed, default=None)


class _Bars:
    """Some bars of a run, found by their place in the journal."""

    def __init__(self, bars: Iterable[Bar] = ()) -> None:
        self.bars = list(bars)
        self.hosts = {bar.host for bar in self.bars}
        self._ended = sorted((bar for bar in self.bars if bar.closed), key=lambda bar: bar.closed)
        self._closed = [bar.closed for bar in self._ended]
        self._opened = sorted(bar.opened for bar in self.bars)

    def last_before(self, place: int | None) -> Bar | None:
        """The one that ended last before a place, or of all."""
        count = len(self._ended) if place is None else bisect_left(self._closed, place)
        return self._ended[count - 1] if count else None

    def made_room_before(self, place: int, most: int) -> Bar | None:
        """The one that ended last before a place, if so many were open until then."""
        last = self.last_before(place)
        return last if last and self._open_at(last.closed - 1) >= most else None

    def _open_at(self, place: int) -> int:
        return bisect_right(self._opened, place) - bisect_right(self._closed, place)


def _before_all_phases(bars: Iterable[Bar]) -> Iterator[Bar]:
    """Connecting, and waiting for jobs of an earlier run; a host that does that later keeps no other waiting."""
    return takewhile(lambda bar: bar.phase == CONNECT, bars)


def _grouped(bars: Iterable[Bar]) -> defaultdict[str, _Bars]:
    by_phase: defaultdict[str, list[Bar]] = defaultdict(list)
    for bar in bars:
        by_phase[bar.phase].append(bar)
    return defaultdict(_Bars, {phase: _Bars(found) for phase, found in by_phase.items()})


def _before(bars: Iterable[Bar]) -> dict[int, Bar]:
    """The bar before each on the same host."""
    return {id(bar): before for before, bar in _pairs(bars)}


def _pairs(bars: Iterable[Bar]) -> Iterator[tuple[Bar, Bar]]:
    last: dict[str, Bar] = {}
    for bar in bars:
        if bar.host in last:
            yield last[bar.host], bar
        last[bar.host] = bar
