"""The result of a run, as a table and one line."""

from __future__ import annotations

from collections import Counter

from rich.console import Console
from rich.table import Table
from rich.text import Text

from k8sboot.errors import ConnectError
from k8sboot.events import Event, Failed, PhaseEnded, RunEnded, Skipped

MANY = 30
"""Hosts that are all listed; with more, unchanged hosts are only counted."""
_STYLES = {"ok": "green", "changed": "yellow", "failed": "red", "skipped": "yellow", "unreachable": "red"}


class Tally:
    """Counts a run's events by host, and the seconds of its phases."""

    def __init__(self) -> None:
        self.ok: Counter[str] = Counter()
        self.skipped: Counter[str] = Counter()
        self.failed: set[str] = set()
        self.unreachable: set[str] = set()
        self._times: dict[str, list[tuple[float, str]]] = {}

    def __call__(self, event: Event) -> None:
        """Count an event."""
        if isinstance(event, PhaseEnded):
            self.ok[event.host] += 1
            self._times.setdefault(event.phase, []).append((event.seconds, event.host))
        elif isinstance(event, Skipped):
            self.skipped[event.host] += 1
        elif isinstance(event, Failed):
            is_away = isinstance(event.error, ConnectError)
            (self.unreachable if is_away else self.failed).add(event.host)

    def line(self, event: RunEnded) -> str:
        """The run in one line. Each host is counted once, under its worst outcome."""
        hosts = set(event.changes) | set(event.failed)
        cut = (set(event.failed) | set(self.skipped)) - self.failed - self.unreachable
        ok = len(hosts - cut - self.failed - self.unreachable)
        parts = [f"{sum(event.changes.values())} {_verb(event)}", f"{ok} host{'' if ok == 1 else 's'} ok"]
        for found, word in ((self.failed, "failed"), (self.unreachable, "unreachable"), (cut, "cut short")):
            parts += [f"{len(found)} {word}"] if found else []
        return ", ".join((*parts, f"{event.seconds:.1f} s"))

    def print_table(self, console: Console, event: RunEnded, *, is_full: bool) -> None:
        """A row for each host; with many hosts only those that changed, failed or were skipped, unless is_full."""
        names = list(dict.fromkeys((*event.changes, *event.failed)))
        worth = [n for n in names if event.changes.get(n) or n in event.failed or self.skipped[n]]
        shown = names if is_full or len(names) <= MANY else worth
        table = _table("host", "ok", _verb(event), "failed", "skipped", "unreachable")
        for name in shown:
            table.add_row(name, *self._cells(name, event.changes.get(name, 0)))
        if shown:
            console.print(table)
        if len(shown) < len(names):
            console.print(Text(f"and {len(names) - len(shown)} unchanged hosts", style="dim"))

    def _cells(self, name: str, changes: int) -> list[Text]:
        counts = {
            "ok": self.ok[name],
            "changed": changes,
            "failed": int(name in self.failed),
            "skipped": self.skipped[name],
            "unreachable": int(name in self.unreachable),
        }
        return [Text(str(n), style=_STYLES[word] if n else "dim") for word, n in counts.items()]

    def print_times(self, console: Console) -> None:
        """For each phase: the number of hosts, and the slowest one."""
        table = _table("phase", "hosts", "slowest", "on")
        for phase, times in self._times.items():
            seconds, host = max(times)
            table.add_row(phase, str(len(times)), f"{seconds:.1f} s", host)
        if self._times:
            console.print(table)


def _verb(event: RunEnded) -> str:
    return "would change" if event.is_dry else "changed"


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for index, column in enumerate(columns):
        is_name = index == 0 or column == "on"
        table.add_column(column, justify="left" if is_name else "right", no_wrap=True)
    return table
