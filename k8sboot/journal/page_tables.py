"""The tables of a timeline's page: the critical path, the hosts, the phases."""

from __future__ import annotations

import html
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from k8sboot.journal.critical_path import Step, Waits
from k8sboot.journal.timeline import Bar, Timeline
from k8sboot.journal.timeline_text import SHORT, remark
from k8sboot.text.event_lines import duration
from k8sboot.text.sanitize import safe_line


def path_table(timeline: Timeline, waits: Waits) -> Iterator[str]:
    """The steps of the critical path that took time, each with its part of the run."""
    total = timeline.seconds or 1.0
    long = [step for step in waits.path if _lasted(step.bar) >= total * SHORT]
    if long:
        yield "<section><h2>Critical path: what the run waited for</h2>"
        yield from _table(
            ("#From", "#Took", "", "Host", "Phase", ""), (_step(step, total, waits) for step in long)
        )
        yield "</section>"


def host_table(timeline: Timeline, waits: Waits) -> Iterator[str]:
    """What each host did and for how long it waited."""
    total = timeline.seconds or 1.0
    rows = (
        (
            _text(host),
            _result(timeline.by_host[host]),
            f"#{sum(bar.changes for bar in timeline.by_host[host])}",
            f"#{duration(sum(map(_lasted, timeline.by_host[host])))}",
            f"#{duration(waits.by_host[host])}",
            _meter(waits.by_host[host] / total, "q"),
        )
        for host in timeline.hosts
    )
    yield "<section><h2>Hosts</h2>"
    yield from _table(("Host", "Result", "#Changes", "#Worked", "#Waited for others", ""), rows)
    yield "</section>"


def phase_table(timeline: Timeline) -> Iterator[str]:
    """For each phase the number of hosts, and the slowest one."""
    by_phase: defaultdict[str, list[Bar]] = defaultdict(list)
    for bar in timeline.bars:
        if bar.was_started:
            by_phase[bar.phase].append(bar)
    rows = (
        (
            _text(phase),
            f"#{len({bar.host for bar in bars})}",
            f"#{sum(bar.changes for bar in bars)}",
            f"#{duration(_lasted(slowest))}",
            _text(slowest.host),
        )
        for phase in timeline.phases
        if (bars := by_phase[phase]) and (slowest := max(bars, key=_lasted))
    )
    yield "<section><h2>Phases</h2>"
    yield from _table(("Phase", "#Hosts", "#Changes", "#Slowest", "On"), rows)
    yield "</section>"


def _step(step: Step, total: float, waits: Waits) -> Sequence[str]:
    bar = step.bar
    return (
        f"#{bar.begin:.1f} s",
        f"#{_lasted(bar):.1f} s",
        _meter(_lasted(bar) / total, ""),
        _text(bar.host),
        _text(bar.phase),
        _text(remark(bar, step.waited, waits)),
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table of escaped cells. A cell that begins with # is a number."""
    yield f"<table><thead><tr>{''.join(_cell('th', cell) for cell in head)}</tr></thead><tbody>"
    yield from (f"<tr>{''.join(_cell('td', cell) for cell in row)}</tr>" for row in rows)
    yield "</tbody></table>"


def _cell(tag: str, cell: str) -> str:
    if cell.startswith("<i"):
        return f'<{tag} class="m">{cell}</{tag}>'
    return f'<{tag} class="n">{cell[1:]}</{tag}>' if cell.startswith("#") else f"<{tag}>{cell}</{tag}>"


def _meter(part: float, kind: str) -> str:
    return f'<i class="{kind}" style="width:{100 * min(part, 1):.2f}%"></i>'


def escaped(text: str) -> str:
    """A text from a run, on one line, for any place of a page."""
    return html.escape(safe_line(text), quote=True)


def _text(text: str) -> str:
    """A text of the run: not a number for _table, whatever it begins with."""
    found = escaped(text)
    return f"&#35;{found[1:]}" if found.startswith("#") else found


def _result(bars: Sequence[Bar]) -> str:
    worst = next((bar for bar in reversed(bars) if bar.result not in ("ok", "unknown")), None)
    return f'<span class="bad">{_text(f"{worst.phase}: {worst.result}")}</span>' if worst else "ok"


def _lasted(bar: Bar) -> float:
    return bar.end - bar.begin
