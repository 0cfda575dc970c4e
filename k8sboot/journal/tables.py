"""Runs as `k8sboot history` shows them: text for people, plain values for JSON."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from k8sboot.journal.records import Record
from k8sboot.journal.render import clock, field, render, render_error
from k8sboot.journal.store import StoredRun
from k8sboot.journal.summary import PhaseResult, RunSummary, steps_of
from k8sboot.text.event_lines import duration
from k8sboot.text.listing import listed
from k8sboot.text.sanitize import safe_line
from k8sboot.text.table import table

NAMED = 5
"""Failed hosts that are named; further ones are counted."""


def result(run: StoredRun, summary: RunSummary) -> str:
    """The result of a run, in a few words."""
    if run.is_alive:
        return "running"
    if not summary.has_ended:
        return "cut short"
    parts = ["interrupted"] if summary.was_cut else []
    if summary.faults:
        names = summary.failed or [str(summary.faults[0].get("code", ""))]
        parts.append(f"failed on {listed(names, NAMED)}")
    return safe_line(", ".join(parts)) or "ok"


def list_lines(runs: Iterable[tuple[StoredRun, RunSummary]]) -> list[str]:
    """A header and one line for each run."""
    head = ("RUN", "WHEN", "CLUSTER", "COMMAND", "TOOK", "HOSTS", "CHANGES", "RESULT")
    rows = [
        (
            run.name,
            clock(summary.began),
            summary.cluster,
            command_of(summary),
            duration(summary.lasted),
            str(len(summary.hosts)),
            str(sum(summary.changes.values())),
            result(run, summary),
        )
        for run, summary in runs
    ]
    return table([head, *rows])


def title(run: StoredRun, summary: RunSummary) -> str:
    """A run in one line."""
    command, cluster = safe_line(command_of(summary)), safe_line(summary.cluster)
    return f"run {run.name}: {command} of {cluster}, {result(run, summary)}"


def run_lines(run: StoredRun, summary: RunSummary) -> list[str]:
    """A run: who started what, its phases by host, and its errors in full."""
    return [
        title(run, summary),
        *(f"  {label:<10} {words}" for label, words in _facts(run, summary) if words),
        "",
        *table([("HOST", "PHASE", "RESULT", "CHANGES", "TOOK", ""), *map(_row, _by_host(summary))]),
        *(line for host, record in summary.under_way.items() for line in _begun(host, record, run)),
        *(line for error in summary.errors for line in _error(error)),
    ]


def host_lines(run: StoredRun, records: Iterable[Record], host: str) -> list[str]:
    """The steps on a host, in order, with commands, diffs and errors."""
    steps = steps_of(records, host)
    is_open = bool(steps) and steps[-1]["event"] == "Changing"
    return [
        *(line for step in steps for line in render(step)),
        *(_begun(host, steps[-1], run) if is_open else []),
    ]


def row_json(run: StoredRun, summary: RunSummary) -> dict[str, Any]:
    """A run for JSON, as in the list."""
    return {
        "run": run.name,
        "began": summary.began,
        "cluster": summary.cluster,
        "command": summary.command,
        "isDry": summary.is_dry,
        "seconds": round(summary.lasted, 3),
        "hosts": summary.hosts,
        "changes": summary.changes,
        "failed": summary.failed,
        "unfinished": summary.unfinished,
        "result": result(run, summary),
        "journal": str(run.journal),
    }


def run_json(run: StoredRun, summary: RunSummary) -> dict[str, Any]:
    """A run for JSON, with its phases and errors."""
    return {
        **row_json(run, summary),
        "about": summary.about,
        "limit": summary.limit,
        "phases": [asdict(each) for each in summary.results],
        "errors": summary.errors,
        "underWay": summary.under_way,
    }


def command_of(summary: RunSummary) -> str:
    """The command of a run, as far as it is known."""
    return (summary.command or field(summary.about, "command") or "?") + (
        " --dry-run" if summary.is_dry else ""
    )


def _facts(run: StoredRun, summary: RunSummary) -> list[tuple[str, str]]:
    about = summary.about
    words = about.get("words")
    line = shlex.join(["k8sboot", *map(str, words)]) if isinstance(words, list) else ""
    who = f"{field(about, 'user')} on {field(about, 'machine')}, pid {about.get('pid')}" if about else ""
    version = field(about, "version")
    inventory = field(about, "inventory")
    return [
        ("command", safe_line(line)),
        ("by", who + (f", k8sboot {version}" if version else "")),
        ("inventory", inventory + (f", sha256 {field(about, 'sha256')}" if inventory else "")),
        ("began", clock(summary.began)),
        ("took", duration(summary.lasted)),
        ("changes", str(sum(summary.changes.values()))),
        ("journal", str(run.journal)),
    ]


def _by_host(summary: RunSummary) -> list[PhaseResult]:
    place = {host: index for index, host in enumerate(summary.hosts)}
    return sorted(summary.results, key=lambda each: place.get(each.host, len(place)))


def _row(each: PhaseResult) -> tuple[str, ...]:
    took = duration(each.seconds) if each.result in ("ok", "unknown") else ""
    return each.host, each.phase, each.result, str(each.changes), took, each.why


def _begun(host: str, record: Record, run: StoredRun) -> list[str]:
    how = "under way" if run.is_alive else "begun, result unknown"
    return ["", f"{safe_line(host)}: {field(record, 'what')}: {how}"]


def _error(error: Record) -> list[str]:
    where = " ".join(field(error, key) for key in ("host", "phase") if error.get(key))
    first, *rest = render_error(error)
    return ["", f"{where}: {first}" if where else first, *rest]
