"""What a dry run has planned on one host, and assumes there from then on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from k8sboot.host.snapshot import Answer, Snapshot


class DryRun:
    """Empty in a real run.

    planned: the phases that would, or might, change the host, in order. left_open: those of which not everything
    is known. settled: the questions whose answer becomes 'yes' by a planned change, and its phase.
    """

    def __init__(self) -> None:
        self.planned: list[str] = []
        self.left_open: set[str] = set()
        self.settled: dict[str, str] = {}

    @property
    def last(self) -> str:
        """The last phase that would, or might, change the host; '' for none."""
        return self.planned[-1] if self.planned else ""

    def leave_open(self, phase: str) -> None:
        """Not everything that the phase would do is known."""
        self.planned.append(phase)
        self.left_open.add(phase)

    def assume(self, seen: Snapshot, questions: Iterable[str], packages: Mapping[str, str]) -> None:
        """Assume from the last planned change: these questions answer 'yes', packages have these versions."""
        for name in questions:
            seen.answers[name] = Answer(0, "")
            self.settled[name] = self.last
        for name, version in packages.items():
            seen.packages[name] = (version, seen.packages.get(name, ("", False))[1])
