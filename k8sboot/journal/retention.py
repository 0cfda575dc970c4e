"""Which runs stay, and which is the latest. Runs that only read are counted apart: plans push no `up` out."""

from __future__ import annotations

from contextlib import suppress
from itertools import islice
from pathlib import Path

from k8sboot.journal import folders
from k8sboot.journal.summary import parse, summary_of

KEEP = 20
"""Runs of a cluster that could alter something, and as many that only read; older journals are removed."""
_FIRST = 5
"""Records among which a run says what it is."""


def only_reads(run: Path) -> bool:
    """Whether the run never could alter a host: a dry run, or one that ended before it began."""
    try:
        with (run / folders.JOURNAL).open(encoding="utf-8", errors="replace") as lines:
            return not summary_of(islice(parse(lines), _FIRST)).could_alter
    except OSError:
        return False


def point_latest_at(run: Path) -> None:
    """Point the link `latest` beside the runs to this one; a run that only reads does not take it from another."""
    link = run.parent / folders.LATEST
    if link.exists() and only_reads(run):
        return
    made = run.parent / f".{run.name}"
    made.symlink_to(run.name)
    made.replace(link)


def remove_old(cluster: Path) -> None:
    """Remove all but the newest runs of a cluster, and no active one."""
    runs = folders.runs_of(cluster)
    reading = [run for run in runs if only_reads(run)]
    altering = [run for run in runs if run not in reading]
    for run in (*altering[:-KEEP], *reading[:-KEEP]):
        if not folders.is_alive(run):
            with suppress(OSError):  # another run has removed it at the same time
                folders.remove(run)
