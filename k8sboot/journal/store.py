"""Finds stored runs and reads their journals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from k8sboot.errors import K8sbootError, UsageError
from k8sboot.journal import folders, retention
from k8sboot.journal.records import Record
from k8sboot.journal.summary import RunSummary, parse, summary_of


@dataclass(frozen=True)
class StoredRun:
    """A run whose journal is on this machine. folder: where. is_alive: still running."""

    folder: Path
    is_alive: bool

    @property
    def name(self) -> str:
        """The run's name."""
        return self.folder.name

    @property
    def journal(self) -> Path:
        """The path of its records."""
        return self.folder / folders.JOURNAL

    def records(self, *, has_output: bool = True) -> Iterator[Record]:
        """Its records, without truncated ones. K8sbootError when they cannot be read."""
        try:
            with self.journal.open(encoding="utf-8", errors="replace") as lines:
                yield from parse(lines, has_output=has_output)
        except OSError as error:
            raise K8sbootError(
                f"cannot read the journal of run {self.name}",
                why=str(error),
                fix="read it as the user who started the run; `k8sboot history` lists the others",
                code="KB-JOURNAL",
            ) from None

    def summary(self) -> RunSummary:
        """Its summary."""
        summary = summary_of(self.records(has_output=False))
        summary.cluster = summary.cluster or self.folder.parent.name
        return summary


def stored_runs(cluster: str = "") -> list[StoredRun]:
    """The runs of one cluster, or of all, oldest first."""
    found = [
        run for each in folders.clusters() if cluster in ("", each.name) for run in folders.runs_of(each)
    ]
    return [StoredRun(run, folders.is_alive(run)) for run in sorted(found, key=lambda run: run.name)]


def find(word: str, cluster: str = "") -> StoredRun:
    """The run of that name, the only one with that prefix, or for `latest` the last that could alter something.

    Raises UsageError.
    """
    runs = stored_runs(cluster)
    found = _latest(runs) if word == folders.LATEST else [r for r in runs if r.name.startswith(word)]
    exact = [run for run in found if run.name == word]
    if len(exact or found) == 1:
        return (exact or found)[0]
    if found:
        names = ", ".join(f"{run.name} ({run.folder.parent.name})" for run in found[:10])
        raise UsageError(
            f"more than one run begins with {word!r}", fix=f"use a longer prefix of one of {names}"
        )
    raise UsageError(f"there is no run {word!r}", fix="`k8sboot history` lists the stored runs")


def _latest(runs: list[StoredRun]) -> list[StoredRun]:
    """The last run that could alter something; the last of all where there is none."""
    altering = (run for run in reversed(runs) if not retention.only_reads(run.folder))
    return list(islice(altering, 1)) or runs[-1:]


def latest(cluster: str, commands: tuple[str, ...]) -> tuple[StoredRun, RunSummary] | None:
    """A cluster's last run of one of these commands, dry runs excluded; None where there is none."""
    for run in reversed(stored_runs(cluster)):
        summary = run.summary()
        if summary.command in commands and not summary.is_dry:
            return run, summary
    return None


def last_change(cluster: str) -> tuple[StoredRun, RunSummary] | None:
    """A cluster's last run that has changed something, or is active and may; None where there is none."""
    for run in reversed(stored_runs(cluster)):
        if retention.only_reads(run.folder):
            continue
        try:
            summary = run.summary()
        except K8sbootError:  # of another user
            continue
        if run.is_alive or summary.changes:
            return run, summary
    return None
