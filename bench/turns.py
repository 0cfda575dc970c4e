"""Contenders in turn, A B A B, so that whatever loads the machine loads them alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median

from bench.raw import Raw

LOOK = 0.2
"""Seconds for which the machine is watched before each turn, while the bench itself does nothing."""

Measure = Callable[[], Mapping[str, float]]
"""Does its work once, and tells figures by what they are: {"s": 1.5}."""


def in_turn(raw: Raw, contenders: Mapping[str, Measure], pairs: int) -> None:
    """Each contender once to warm up, then `pairs` times in turn; its figures go to `NAME: WHAT`."""
    for measure in contenders.values():
        measure()
    for _ in range(pairs):
        for name, measure in contenders.items():
            raw.others_busy.append(others_busy())
            for what, figure in measure().items():
                raw.add(f"{name}: {what}", figure)


def others_busy(seconds: float = LOOK) -> float:
    """The share of the processors that others use, 0 to 1."""
    before = _ticks()
    time.sleep(seconds)
    total, idle = (now - then for now, then in zip(_ticks(), before, strict=True))
    return round(1 - idle / total, 3) if total else 0.0


def was_loaded(raw: Raw) -> bool:
    """Whether others used a tenth of the processors or more while a part was measured."""
    return bool(raw.others_busy) and median(raw.others_busy) >= 0.1


def _ticks() -> tuple[int, int]:
    fields = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return sum(fields), fields[3] + fields[4]
