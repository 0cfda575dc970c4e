"""Lines over numbers of hosts, both axes logarithmic. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bench.pictures import svg

WIDTH, HEIGHT = 760.0, 440.0
LEFT, RIGHT, TOP, BOTTOM = 60.0, 120.0, 50.0, 50.0
COLORS = ("#1d4ed8", "#b45309", "#047857")
STEPS = (1, 2, 5)


@dataclass(frozen=True)
class Line:
    """One contender. figures: of each number of hosts."""

    name: str
    figures: Mapping[int, Sequence[float]]

    def points(self) -> list[tuple[float, float]]:
        """Numbers of hosts with medians."""
        return [(float(count), median(self.figures[count])) for count in sorted(self.figures)]


@dataclass(frozen=True)
class Axis:
    """From low to high, drawn from begin to end."""

    low: float
    high: float
    begin: float
    end: float

    def at(self, value: float) -> float:
        """Where a value lies."""
        span = math.log(self.high / self.low) or 1.0
        return self.begin + (self.end - self.begin) * math.log(value / self.low) / span

    def ticks(self) -> list[float]:
        """1, 2 and 5 of each power of ten in between."""
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        return [s * 10.0**p for p in powers for s in STEPS if self.low <= s * 10.0**p <= self.high]


def curve(title: str, across: str, up: str, lines: Sequence[Line]) -> str:
    """The picture."""
    points = [point for each in lines for point in each.points()]
    counts = sorted({x for x, _ in points})
    x = Axis(counts[0], max(counts[-1], counts[0] * 2), LEFT, WIDTH - RIGHT)
    y = Axis(min(s for _, s in points) / 1.3, max(s for _, s in points) * 1.3, HEIGHT - BOTTOM, TOP)
    parts = [svg.text(LEFT, TOP - 25, f"{title}: {up} over {across}, medians", style=' font-size="15"')]
    parts += _grid(x, y, counts)
    for each, color in zip(lines, COLORS, strict=False):
        parts += _drawn(each, color, x, y)
    return svg.document(WIDTH, HEIGHT, title, parts)


def _grid(x: Axis, y: Axis, counts: Sequence[float]) -> list[str]:
    parts = []
    for count in counts:
        parts.append(svg.line((x.at(count), y.begin), (x.at(count), y.end)))
        parts.append(svg.text(x.at(count), y.begin + 18, f"{count:g}", anchor="middle", color=svg.PALE))
    for tick in y.ticks():
        parts.append(svg.line((x.begin, y.at(tick)), (x.end, y.at(tick))))
        parts.append(svg.text(x.begin - 8, y.at(tick) + 4, f"{tick:g} s", anchor="end", color=svg.PALE))
    return [*parts, svg.text((x.begin + x.end) / 2, y.begin + 38, "hosts", anchor="middle", color=svg.PALE)]


def _drawn(each: Line, color: str, x: Axis, y: Axis) -> list[str]:
    places = [(x.at(count), y.at(seconds), count, seconds) for count, seconds in each.points()]
    last = places[-1]
    return [
        svg.path([place[:2] for place in places], color),
        *(
            svg.dot(a, b, color, f"{each.name}, {count:g} hosts: {seconds:.2f} s")
            for a, b, count, seconds in places
        ),
        svg.text(last[0] + 8, last[1] + 4, f"{each.name} {last[3]:.1f} s", color=color),
    ]
