"""Runs as `k8sboot history` shows them: texts for people, plain values for machines."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from k8sboot.journal.records import Record
from k8sboot.journal.render import clock, field, render, render_error
from k8sboot.journal.store import StoredRun
from k8sboot.journal.story import PhaseResult, RunSummary, steps_of
from k8sboot.text.event_lines import duration
from k8sboot.text.sanitize import safe_line
from k8sboot.text.table import table

NAMED = 5
"""Hosts. Of more of them that failed the others are counted."""


def result(run: StoredRun, story: RunSummary) -> str:
    """How a run ended, in a few words."""
    if run.is_alive:
        return "running"
    if not story.has_ended:
        return "cut short"
    parts = ["interrupted"] if story.was_cut else []
    if story.faults:
        names = story.failed or [str(story.faults[0].get("code", ""))]
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        parts.append(f"failed on {', '.join(names[:NAMED])}{more}")
    return safe_line(", ".join(parts)) or "ok"


def listed(runs: Iterable[tuple[StoredRun, RunSummary]]) -> list[str]:
    """A line a run, under a head."""
    head = ("RUN", "WHEN", "CLUSTER", "COMMAND", "TOOK", "HOSTS", "CHANGES", "RESULT")
    rows = [
        (
            run.name,
            clock(story.began),
            story.cluster,
            _command(story),
            duration(story.lasted),
            str(len(story.hosts)),
            str(sum(story.changes.values())),
            result(run, story),
        )
        for run, story in runs
    ]
    return table([head, *rows])


def shown(run: StoredRun, story: RunSummary) -> list[str]:
    """A run: who and what, its phases by host, and its errors in full."""
    return [
        f"run {run.name}: {safe_line(_command(story))} of {safe_line(story.cluster)}, {result(run, story)}",
        *(f"  {label:<10} {words}" for label, words in _facts(run, story) if words),
        "",
        *table([("HOST", "PHASE", "RESULT", "CHANGES", "TOOK", ""), *map(_row, _by_host(story))]),
        *(line for host, record in story.under_way.items() for line in _begun(host, record, run)),
        *(line for error in story.errors for line in _error(error)),
    ]


def shown_host(run: StoredRun, records: Iterable[Record], host: str) -> list[str]:
    """What ran on a host, in order, with the commands, diffs and errors."""
    steps = steps_of(records, host)
    is_open = bool(steps) and steps[-1]["event"] == "Changing"
    return [
        *(line for step in steps for line in render(step)),
        *(_begun(host, steps[-1], run) if is_open else []),
    ]


def row(run: StoredRun, story: RunSummary) -> dict[str, Any]:
    """A run in plain values, as in the list."""
    return {
        "run": run.name,
        "began": story.began,
        "cluster": story.cluster,
        "command": story.command,
        "isDry": story.is_dry,
        "seconds": round(story.lasted, 3),
        "hosts": story.hosts,
        "changes": story.changes,
        "failed": story.failed,
        "unfinished": story.unfinished,
        "result": result(run, story),
        "journal": str(run.journal),
    }


def whole(run: StoredRun, story: RunSummary) -> dict[str, Any]:
    """A run in plain values, with all that is told of it."""
    return {
        **row(run, story),
        "about": story.about,
        "limit": story.limit,
        "phases": [asdict(walk) for walk in story.walks],
        "errors": story.errors,
        "underWay": story.under_way,
    }


def _command(story: RunSummary) -> str:
    return (story.command or field(story.about, "command") or "?") + (" --dry-run" if story.is_dry else "")


def _facts(run: StoredRun, story: RunSummary) -> list[tuple[str, str]]:
    about = story.about
    words = about.get("words")
    line = shlex.join(["k8sboot", *map(str, words)]) if isinstance(words, list) else ""
    who = f"{field(about, 'user')} on {field(about, 'machine')}, pid {about.get('pid')}" if about else ""
    version = field(about, "version")
    inventory = field(about, "inventory")
    return [
        ("command", safe_line(line)),
        ("by", who + (f", k8sboot {version}" if version else "")),
        ("inventory", inventory + (f", sha256 {field(about, 'sha256')}" if inventory else "")),
        ("began", clock(story.began)),
        ("took", duration(story.lasted)),
        ("changes", str(sum(story.changes.values()))),
        ("journal", str(run.journal)),
    ]


def _by_host(story: RunSummary) -> list[PhaseResult]:
    place = {host: index for index, host in enumerate(story.hosts)}
    return sorted(story.walks, key=lambda walk: place.get(walk.host, len(place)))


def _row(walk: PhaseResult) -> tuple[str, ...]:
    took = duration(walk.seconds) if walk.result in ("ok", "unknown") else ""
    return walk.host, walk.phase, walk.result, str(walk.changes), took, walk.why


def _begun(host: str, record: Record, run: StoredRun) -> list[str]:
    how = "under way" if run.is_alive else "begun, and how it ended is not known"
    return ["", f"{safe_line(host)}: {field(record, 'what')}: {how}"]


def _error(error: Record) -> list[str]:
    where = " ".join(field(error, key) for key in ("host", "phase") if error.get(key))
    first, *rest = render_error(error)
    return ["", f"{where}: {first}" if where else first, *rest]
