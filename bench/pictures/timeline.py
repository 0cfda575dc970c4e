"""The timeline of a run: hosts as rows, phases as bars, the critical path marked. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench.pictures import svg

WIDTH, LEFT, RIGHT, TOP = 1100.0, 120.0, 20.0, 60.0
ROW, BAR = 46.0, 26.0
PLAIN, CRITICAL, EDGE = "#bfdbfe", "#f59e0b", "#92400e"
LETTER = 6.2
"""Width of a letter: a bar that is narrower than its name has none."""
STEPS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600)


def timeline(run: Mapping[str, Any]) -> str:
    """The picture of `timeline` in what `k8sboot history RUN --timeline -o json` prints."""
    bars: Sequence[Mapping[str, Any]] = [bar for bar in run["bars"] if bar["result"] != "not started"]
    hosts = list(dict.fromkeys(bar["host"] for bar in bars))
    seconds = max(float(run["seconds"]), 0.001)
    scale = (WIDTH - LEFT - RIGHT) / seconds
    height = TOP + ROW * len(hosts) + 40
    parts = [svg.text(LEFT, 28, f"A fresh up: {seconds:.0f} s", style=' font-size="15"')]
    parts += [svg.box((LEFT + 180, 16, 26, 14), CRITICAL, "the critical path", edge=EDGE)]
    parts += [svg.text(LEFT + 214, 28, "critical path", color=svg.PALE)]
    parts += _seconds(seconds, scale, height)
    for row, host in enumerate(hosts):
        top = TOP + ROW * row
        parts.append(svg.text(LEFT - 10, top + BAR / 2 + 4, host, anchor="end"))
        parts += [part for bar in bars if bar["host"] == host for part in _bar(bar, top, scale)]
    return svg.document(WIDTH, height, "The timeline of a fresh up", parts)


def _seconds(seconds: float, scale: float, height: float) -> list[str]:
    step = next((each for each in STEPS if seconds / each <= 15), STEPS[-1])
    marks = range(0, int(seconds) + 1, step)
    lines = [svg.line((LEFT + mark * scale, TOP - 12), (LEFT + mark * scale, height - 30)) for mark in marks]
    words = [
        svg.text(LEFT + mark * scale, height - 14, f"{mark} s", anchor="middle", color=svg.PALE)
        for mark in marks
    ]
    return [*lines, *words]


def _bar(bar: Mapping[str, Any], top: float, scale: float) -> list[str]:
    begin, seconds, phase = float(bar["begin"]), float(bar["seconds"]), str(bar["phase"])
    is_critical = bool(bar["isCritical"])
    place = (LEFT + begin * scale, top, seconds * scale, BAR)
    color, edge = (CRITICAL, EDGE) if is_critical else (PLAIN, "white")
    title = f"{bar['host']}: {phase}, {seconds:.1f} s from {begin:.1f} s on, {bar['changes']} changed"
    parts = [svg.box(place, color, title, edge=edge)]
    if place[2] > LETTER * len(phase) + 6:
        parts.append(svg.text(place[0] + 4, top + BAR / 2 + 4, phase, style=' font-size="11"'))
    return parts
