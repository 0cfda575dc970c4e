"""The timeline of a stored run, for `history` and `up --timings`."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from k8sboot.errors import K8sbootError
from k8sboot.events import Barrier
from k8sboot.journal.critical_path import Waits
from k8sboot.journal.store import StoredRun
from k8sboot.journal.timeline import Timeline, timeline_of
from k8sboot.journal.timeline_text import path_lines, timeline_lines
from k8sboot.text.write_file import write_whole

WIDEST = 200
"""Columns of a timeline on a terminal."""


def read(run: StoredRun) -> tuple[Timeline, Waits]:
    """A run's timeline, and what its phases waited for. K8sbootError when its journal cannot be read."""
    timeline = timeline_of(run.records(has_output=False))
    return timeline, Waits(timeline, {} if timeline.barriers else _declared())


def lines(run: StoredRun) -> list[str]:
    """The timeline and the critical path, as wide as the terminal; 80 columns where there is none."""
    timeline, waits = read(run)
    width = min(WIDEST, shutil.get_terminal_size().columns)
    chart = [*timeline_lines(timeline, waits, width), ""] if timeline.bars else []
    return [*chart, *path_lines(timeline, waits)]


def write_page(path: str, run: StoredRun) -> None:
    """Write the timeline as an HTML page, whole or not at all, for its user alone (0600). K8sbootError."""
    from k8sboot.journal.timeline_page import page

    text = page(run, run.summary(), *read(run))
    try:
        write_whole(Path(path), text.encode())
    except OSError as error:
        raise K8sbootError(
            f"cannot write the timeline to {path}",
            why=error.strerror or str(error),
            fix="name another file with --html",
            code="KB-TIMELINE",
        ) from error
    click.echo(f"saved to {path}", err=True)


def print_critical_path(journal: str) -> None:
    """Print the critical path of the run that has just ended, to stderr. journal: its path, '' where it has none."""
    try:
        told = path_lines(*read(StoredRun(Path(journal).parent, is_alive=False))) if journal else []
    except K8sbootError:
        told = []
    for line in told or ["the critical path is unknown: the run has no journal"]:
        click.echo(line, err=True)


def _declared() -> dict[str, Barrier]:
    """The barriers of today's phases, for journals that do not have their own."""
    from k8sboot import runbook

    phases = (*runbook.UP, *runbook.RESET, *runbook.RESET_WITH_OS)
    return {phase.name: phase.barrier for phase in phases}
