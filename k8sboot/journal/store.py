"""Finds the runs whose journals are kept, and reads them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from k8sboot.errors import K8sbootError, UsageError
from k8sboot.journal import folders
from k8sboot.journal.records import Record
from k8sboot.journal.story import RunSummary, parse, summary_of


@dataclass(frozen=True)
class StoredRun:
    """A run whose journal is kept. folder: where. is_alive: it is at work now."""

    folder: Path
    is_alive: bool

    @property
    def name(self) -> str:
        """What it is called by."""
        return self.folder.name

    @property
    def journal(self) -> Path:
        """Its records."""
        return self.folder / folders.JOURNAL

    def records(self, *, has_output: bool = True) -> Iterator[Record]:
        """Its records, as far as they are whole. K8sbootError when they cannot be read."""
        try:
            with self.journal.open(encoding="utf-8", errors="replace") as lines:
                yield from parse(lines, has_output=has_output)
        except OSError as error:
            raise K8sbootError(
                f"the journal of run {self.name} cannot be read",
                why=str(error),
                fix="read it as the user who ran it; `k8sboot history` lists the others",
                code="KB-JOURNAL",
            ) from None

    def story(self) -> RunSummary:
        """What it was."""
        story = summary_of(self.records(has_output=False))
        story.cluster = story.cluster or self.folder.parent.name
        return story


def kept(cluster: str = "") -> list[StoredRun]:
    """The runs of one cluster, or of all, oldest first."""
    found = [
        run for each in folders.clusters() if cluster in ("", each.name) for run in folders.runs_of(each)
    ]
    return [StoredRun(run, folders.is_alive(run)) for run in sorted(found, key=lambda run: run.name)]


def find(word: str, cluster: str = "") -> StoredRun:
    """The run of that name, or the only one that begins so, or `latest`; UsageError."""
    runs = kept(cluster)
    found = runs[-1:] if word == folders.LATEST else [r for r in runs if r.name.startswith(word)]
    exact = [run for run in found if run.name == word]
    if len(exact or found) == 1:
        return (exact or found)[0]
    if found:
        names = ", ".join(f"{run.name} ({run.folder.parent.name})" for run in found[:10])
        raise UsageError(f"{word!r} begins more than one run", fix=f"say more of one of these: {names}")
    raise UsageError(f"there is no run {word!r}", fix="`k8sboot history` lists the runs that are kept")


def latest(cluster: str, commands: tuple[str, ...]) -> tuple[StoredRun, RunSummary] | None:
    """A cluster's last run of one of these commands that was no dry run; None where none is kept."""
    for run in reversed(kept(cluster)):
        story = run.story()
        if story.command in commands and not story.is_dry:
            return run, story
    return None
