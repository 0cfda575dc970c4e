"""A run's timeline and critical path as plain text."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from string import ascii_lowercase

from k8sboot.journal.critical_path import Waits
from k8sboot.journal.timeline import Bar, Timeline
from k8sboot.text.event_lines import duration
from k8sboot.text.listing import listed
from k8sboot.text.sanitize import safe_line
from k8sboot.text.table import table

MANY = 30
"""Hosts that are all shown; of more, those of the critical path, then those that failed, then the busiest."""
NAMED = 3
"""Hosts that are named as waiting."""
LONGEST_NAME = 24
SHORT = 0.005
"""The part of the run below which a step of the critical path is only counted."""
MOMENT = 0.05
"""Seconds. A shorter wait is none."""
STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400)
OVERFLOW = "-="
"""Of phases that have no letter: in the critical path the second one."""
_STIFF = "\N{NO-BREAK SPACE}"
KEY = "capitals: critical path   .: waiting for other hosts   !: failed"


def timeline_lines(timeline: Timeline, waits: Waits, width: int) -> list[str]:
    """Hosts as rows, phases as letters, those of the critical path as capitals."""
    hosts = _shown(timeline, waits)
    names = [safe_line(host)[:LONGEST_NAME] for host in hosts]
    margin = max(map(len, names)) + 2
    columns = max(20, width - margin)
    rows = [_cells(timeline.by_host[host], timeline.seconds, columns) for host in hosts]
    letters = _letters(timeline, (bar.phase for row in rows for bar in row if isinstance(bar, Bar)))
    critical = {id(step.bar) for step in waits.path}
    more = len(timeline.hosts) - len(hosts)
    return [
        f"{'':<{margin}}{_axis(timeline.seconds, columns)}",
        *(
            f"{name:<{margin}}{''.join(_mark(cell, letters, critical) for cell in row)}".rstrip()
            for name, row in zip(names, rows, strict=True)
        ),
        *([f"and {more} more hosts"] if more else []),
        "",
        *_key(letters, width),
        KEY,
    ]


def path_lines(timeline: Timeline, waits: Waits) -> list[str]:
    """The critical path, and which hosts waited for others."""
    steps = waits.path
    if not steps:
        return ["no host ran a phase"]
    total = steps[-1].bar.end
    long = [step for step in steps if step.bar.end - step.bar.begin >= total * SHORT]
    rows = [
        (
            f"{step.bar.begin:.1f} s",
            f"{step.bar.end - step.bar.begin:.1f} s",
            step.bar.host,
            step.bar.phase,
            remark(step.bar, step.waited, waits),
        )
        for step in long
    ]
    more = len(steps) - len(long)
    return [
        f"critical path: what the run waited for, {duration(total)}",
        *(f"  {line}" for line in table([("FROM", "TOOK", "HOST", "PHASE", ""), *rows])),
        *([f"  and {more} shorter step{'' if more == 1 else 's'}"] if more else []),
        *_waiting(timeline, waits),
    ]


def ticks(seconds: float, most: int) -> list[tuple[float, str]]:
    """At most so many moments of a run, evenly spaced, with their labels: '40 s', or '3:20' in runs of minutes."""
    step = next((step for step in STEPS if seconds / step < most), STEPS[-1])
    count = min(int(seconds / step), max(most, 1))
    return [(n * step, _label(n * step, seconds)) for n in range(count + 1)]


def _label(moment: float, seconds: float) -> str:
    if seconds < 60:
        return f"{moment:g} s" if seconds >= STEPS[2] * 10 else f"{moment:.1f} s"
    minutes, rest = divmod(round(moment), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if seconds >= 3600 else f"{minutes}:{rest:02}"


def _shown(timeline: Timeline, waits: Waits) -> list[str]:
    if len(timeline.hosts) <= MANY:
        return timeline.hosts
    busy: Counter[str] = Counter()
    for bar in timeline.bars:
        busy[bar.host] += round((bar.end - bar.begin) * 1000)
    failed = [bar.host for bar in timeline.bars if bar.result == "failed"]
    wanted = dict.fromkeys(
        [*(step.bar.host for step in waits.path), *failed, *(h for h, _ in busy.most_common())]
    )
    chosen = set(list(wanted)[:MANY])
    return [host for host in timeline.hosts if host in chosen]


def _cells(bars: list[Bar], seconds: float, columns: int) -> list[Bar | str]:
    """What the host did for most of each column: a bar, '.' between bars, ' ' before and after, '!' where it failed."""
    per = seconds / columns or 1.0
    shares: list[dict[int, float]] = [{} for _ in range(columns)]
    for index, bar in enumerate(bars):
        for column in range(_column(bar.begin, per, columns), _column(bar.end, per, columns) + 1):
            share = min(bar.end, (column + 1) * per) - max(bar.begin, column * per)
            shares[column][index] = max(share, 0.0)
    first, last = (
        (_column(moment, per, columns) for moment in (bars[0].begin, bars[-1].end)) if bars else (1, 0)
    )
    cells: list[Bar | str] = []
    for column, found in enumerate(shares):
        idle = "." if first < column < last else " "
        busiest = max(found, key=lambda index: found[index], default=None)
        is_idle = busiest is None or sum(found.values()) < per / 2
        cells.append(idle if is_idle or busiest is None else bars[busiest])
    for bar in bars:
        if bar.result == "failed":
            cells[_column(bar.end, per, columns)] = "!"
    return cells


def _column(moment: float, per: float, columns: int) -> int:
    return min(int(moment / per), columns - 1)


def _letters(timeline: Timeline, phases: Iterable[str]) -> dict[str, str]:
    """The letters of the phases that have most columns, in the order of the run."""
    common = {phase for phase, _ in Counter(phases).most_common(len(ascii_lowercase))}
    return dict(zip((phase for phase in timeline.phases if phase in common), ascii_lowercase, strict=False))


def _key(letters: Mapping[str, str], width: int) -> list[str]:
    entries = "  ".join(f"{letter}{_STIFF}{safe_line(phase)}" for phase, letter in letters.items())
    lines = textwrap.wrap(entries, width, break_on_hyphens=False, break_long_words=False)
    return [line.replace(_STIFF, " ") for line in lines]


def _mark(cell: Bar | str, letters: Mapping[str, str], critical: set[int]) -> str:
    if isinstance(cell, str):
        return cell
    is_critical = id(cell) in critical
    letter = letters.get(cell.phase)
    return (letter.upper() if is_critical else letter) if letter else OVERFLOW[is_critical]


def _axis(seconds: float, columns: int) -> str:
    line = ""
    for moment, label in ticks(seconds, columns // 10):
        place = _column(moment, seconds / columns or 1.0, columns)
        if place >= len(line) and place + len(label) <= columns:
            line = f"{line:<{place}}{label}"
    return line


def remark(bar: Bar, waited: float, waits: Waits) -> str:
    """What is to be said of a step of the critical path besides its seconds."""
    cause = waits.cause(bar)
    words = [] if bar.result == "ok" else [bar.result]
    if cause and waited >= MOMENT:
        words.append(f"waited {waited:.1f} s for {cause.host} {cause.phase}")
    return ", ".join(words)


def _waiting(timeline: Timeline, waits: Waits) -> Iterator[str]:
    """How long hosts waited for others, longest first."""
    least = max(MOMENT, timeline.seconds / 100)
    waited = sorted(((s, host) for host, s in waits.by_host.items() if s >= least), reverse=True)
    named = [
        f"{safe_line(host)} {duration(s)} ({timeline.share(s):.0%})".replace("%", " %") for s, host in waited
    ]
    if named:
        yield f"waited for other hosts: {listed(named, NAMED)}"
