"""What each host did when, from the records of a run. Pure; damaged records are tolerated."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property

from k8sboot.events import Barrier
from k8sboot.journal.fields import names, number, text
from k8sboot.journal.records import Record
from k8sboot.journal.summary import INTERRUPTED

CONNECT = "connect"
CHECKS = "checks"
"""Between connecting and the first phase: membership, the cluster's lock, a saved plan. On the first master."""
STEP = 1.0
"""Seconds by which the wall clock has to go back to count as set back."""
NOT_STARTED = "not started"
UNDER_WAY = "under way"


@dataclass
class Bar:
    """A phase on a host. begin, end: seconds since the run began. seconds: as the host's thread measured them.

    opened, closed: the places of its records in the journal, in the order in which things happened; closed is 0 while
    it has no end. result, why: as in the summary.
    """

    host: str
    phase: str
    begin: float
    opened: int
    end: float = 0.0
    closed: int = 0
    seconds: float = 0.0
    result: str = UNDER_WAY
    changes: int = 0
    why: str = ""

    def close(self, moment: float, place: int, result: str, why: str = "") -> None:
        """End it."""
        self.end, self.closed = moment, place
        self.seconds = self.seconds or moment - self.begin
        self.result, self.why = result, why or self.why

    @property
    def was_started(self) -> bool:
        """Whether the host did any of it."""
        return self.result != NOT_STARTED


@dataclass
class Timeline:
    """A run. hosts: in the inventory's order. phases: in order. bars: in order of their beginnings.

    barriers: by phase, {} in journals of earlier versions. forks: hosts at the same time, 0 where it is not recorded.
    """

    hosts: list[str] = field(default_factory=list)
    phases: list[str] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    barriers: dict[str, Barrier] = field(default_factory=dict)
    forks: int = 0
    seconds: float = 0.0

    @cached_property
    def by_host(self) -> dict[str, list[Bar]]:
        """The bars of each host, in order."""
        found: dict[str, list[Bar]] = {host: [] for host in self.hosts}
        for bar in self.bars:
            found[bar.host].append(bar)
        return found

    def share(self, seconds: float) -> float:
        """The part of the run that these seconds are; 0 of a run that took no time by its journal."""
        return seconds / self.seconds if self.seconds else 0.0


def timeline_of(records: Iterable[Record]) -> Timeline:
    """The timeline of a run's records. Phases without an end last until the last record."""
    reader = _Reader()
    for record in records:
        reader.take(record)
    return reader.finish()


class _Clock:
    """Seconds since the run began, by monotonic times; without them by the wall clock, less its steps back."""

    def __init__(self) -> None:
        self._kind = ""
        self._zero = 0.0
        self.now = 0.0

    def start(self, record: Record) -> None:
        """The run begins with this record."""
        self._kind = "monotonic" if number(record, "monotonic") else "time"
        self._zero, self.now = number(record, self._kind), 0.0

    def see(self, record: Record) -> None:
        """A further record. Threads may write theirs a moment out of order."""
        if not self._kind:
            self.start(record)
        if not (found := number(record, self._kind)):
            return
        if self._kind == "time" and found - self._zero < self.now - STEP:
            self._zero = found - self.now
        self.now = max(self.now, found - self._zero)


class _Reader:
    def __init__(self) -> None:
        self._found = Timeline()
        self._clock = _Clock()
        self._last: dict[str, Bar] = {}
        self._place = 0
        self._has_phase = False
        self._connected = (0.0, 1)
        self._take: dict[str, Callable[[Record], None]] = {
            "RunStarted": self._run_started,
            "Connected": self._connected_to,
            "Waiting": self._waiting,
            "PhaseStarted": self._phase_started,
            "PhaseEnded": self._phase_ended,
            "Unknown": self._unknown,
            "Changed": self._changed,
            "Skipped": self._skipped,
            "Failed": self._failed,
            "RunEnded": self._run_ended,
        }

    def take(self, record: Record) -> None:
        self._clock.see(record)
        self._place += 2  # the places between are for what has no record of its own
        if take := self._take.get(record["event"]):
            take(record)

    def finish(self) -> Timeline:
        found = self._found
        found.seconds = self._clock.now
        for bar in (b for b in found.bars if not b.closed):
            bar.end, bar.seconds = found.seconds, found.seconds - bar.begin
        found.hosts = list(dict.fromkeys([*found.hosts, *(bar.host for bar in found.bars)]))
        found.phases = list(dict.fromkeys([CONNECT, CHECKS, *found.phases, *(b.phase for b in found.bars)]))
        found.bars.sort(key=lambda bar: bar.opened)
        return found

    def _run_started(self, record: Record) -> None:
        self._clock.start(record)
        self._found.hosts, self._found.phases = names(record, "hosts"), names(record, "phases")
        self._found.barriers = {each.phase: each for each in _barriers(record)}
        self._found.forks = int(number(record, "forks"))
        if self._found.phases:
            for host in self._found.hosts:
                self._begin(host, CONNECT)

    def _begin(self, host: str, phase: str) -> Bar:
        bar = self._last[host] = Bar(host, phase, self._clock.now, self._place)
        self._found.bars.append(bar)
        return bar

    def _close(self, bar: Bar, result: str, why: str = "") -> None:
        bar.close(self._clock.now, self._place, result, why)
        if not self._has_phase and bar.phase == CONNECT:
            self._connected = (bar.end, bar.closed + 1)

    def _open(self, host: str) -> Bar | None:
        """What the host is doing."""
        bar = self._last.get(host)
        return bar if bar and not bar.closed else None

    def _bar_of(self, record: Record) -> Bar:
        """The host's last bar, or where that is of another phase one that begins now."""
        host, phase = text(record, "host"), text(record, "phase")
        bar = self._last.get(host)
        return bar if bar and bar.phase == phase else self._begin(host, phase)

    def _connected_to(self, record: Record) -> None:
        if bar := self._open(text(record, "host")):
            self._close(bar, "ok")

    def _waiting(self, record: Record) -> None:
        """A wait for a job of an earlier run, which nothing ends but what the host does next."""
        host = text(record, "host")
        if text(record, "phase") == CONNECT and not self._open(host):
            self._begin(host, CONNECT).why = f"waiting for {text(record, 'what')}"

    def _phase_started(self, record: Record) -> None:
        host = text(record, "host")
        first = (self._found.hosts or [host])[0]
        if not self._has_phase and not self._open(first):
            moment, place = self._connected
            checks = Bar(first, CHECKS, moment, place)
            checks.close(self._clock.now, self._place - 1, "ok")
            self._found.bars.append(checks)
        if before := self._open(host):
            self._close(before, "ok" if before.phase == CONNECT else "cut short")
        self._has_phase = True
        self._begin(host, text(record, "phase"))

    def _phase_ended(self, record: Record) -> None:
        bar = self._bar_of(record)
        bar.changes, bar.seconds = int(number(record, "changes")), number(record, "seconds")
        self._close(bar, "ok" if bar.result == UNDER_WAY else bar.result)

    def _unknown(self, record: Record) -> None:
        bar = self._bar_of(record)
        bar.result, bar.why = "unknown", f"known only after {text(record, 'after')}"

    def _changed(self, record: Record) -> None:
        if bar := self._open(text(record, "host")):
            bar.changes += 1

    def _skipped(self, record: Record) -> None:
        self._close(self._bar_of(record), NOT_STARTED, text(record, "why"))

    def _failed(self, record: Record) -> None:
        if not (text(record, "host") and text(record, "phase")):
            return
        found = record.get("error")
        error = found if isinstance(found, dict) else {}
        bar = self._bar_of(record)
        if bar.opened == self._place and not self._has_phase:  # in the checks, of which nothing is recorded
            bar.begin, bar.opened = self._connected
        bar.seconds = 0.0
        was_interrupted = error.get("code") == INTERRUPTED
        self._close(bar, "cut short" if was_interrupted else "failed", text(error, "what"))

    def _run_ended(self, _record: Record) -> None:
        for bar in (b for b in self._found.bars if not b.closed):
            self._close(bar, "cut short")


def _barriers(record: Record) -> Iterable[Barrier]:
    found = record.get("barriers")
    for each in found if isinstance(found, list) else []:
        if isinstance(each, dict):
            yield Barrier(
                phase=text(each, "phase"),
                after=tuple(names(each, "after")),
                at_once=int(number(each, "at_once")),
                has_turn=each.get("has_turn") is True,
            )
