"""A run's timeline as plain values for JSON."""

from __future__ import annotations

from typing import Any

from k8sboot.journal.critical_path import Waits
from k8sboot.journal.timeline import Bar, Timeline


def timeline_json(timeline: Timeline, waits: Waits) -> dict[str, Any]:
    """Every phase of every host, the critical path, and how long each host waited for others; in seconds."""
    critical = {id(step.bar) for step in waits.path}
    return {
        "seconds": round(timeline.seconds, 3),
        "bars": [
            {
                **_place(bar),
                "seconds": round(bar.seconds, 3),
                "result": bar.result,
                "changes": bar.changes,
                "why": bar.why,
                "isCritical": id(bar) in critical,
                "waited": round(waits.waited(bar), 3),
                "waitedFor": _cause(bar, waits),
            }
            for bar in timeline.bars
        ],
        "criticalPath": [
            {**_place(step.bar), "seconds": round(step.bar.end - step.bar.begin, 3)} for step in waits.path
        ],
        "waited": {host: round(seconds, 3) for host, seconds in waits.by_host.items()},
    }


def _place(bar: Bar) -> dict[str, Any]:
    return {"host": bar.host, "phase": bar.phase, "begin": round(bar.begin, 3)}


def _cause(bar: Bar, waits: Waits) -> dict[str, Any] | None:
    cause = waits.cause(bar)
    return {"host": cause.host, "phase": cause.phase} if cause else None
