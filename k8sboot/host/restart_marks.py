"""Units that must be restarted: a mark each under /run, set before a unit's file is written, removed after its restart.

Comparing times would fail when chrony first steps the clock, and a reboot rightly clears the marks.
"""

from __future__ import annotations

from collections.abc import Iterable

from k8sboot.paths import RESTART_DIR


def mark(units: Iterable[str]) -> tuple[list[str], ...]:
    """The commands that mark these units; none for no units."""
    marks = [f"{RESTART_DIR}/{unit}" for unit in units]
    return (["mkdir", "-p", RESTART_DIR], ["touch", *marks]) if marks else ()


def clear(unit: str) -> list[str]:
    """The command that removes a unit's mark."""
    return ["rm", "-f", f"{RESTART_DIR}/{unit}"]
