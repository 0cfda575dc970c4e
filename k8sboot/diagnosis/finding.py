"""What a piece of evidence says: a cause with its code, and its cure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from k8sboot.diagnosis.evidence import HostEvidence
from k8sboot.text.sanitize import safe_line

LONGEST_VALUE = 240


@dataclass(frozen=True)
class Finding:
    """code: `k8sboot explain` knows it. cause: one line that names what was seen. cure: what to do, a command."""

    code: str
    cause: str
    cure: str


Cause = Callable[[HostEvidence], "Finding | None"]
"""Looks for one cause. Pure; does not raise, whatever the evidence is."""


@dataclass(frozen=True)
class Seen:
    """Evidence, and what goes before a cause and a cure that are found in it: where it was seen."""

    evidence: HostEvidence
    where: str = ""


@dataclass(frozen=True)
class Catalogue:
    """causes: the ones that bring others with them first. symptoms: looked for only where no cause is found."""

    causes: tuple[Cause, ...]
    symptoms: tuple[Cause, ...] = ()

    def examine(self, seen: Sequence[Seen]) -> tuple[Finding, ...]:
        """What the evidence says, best first, each code once.

        What the first piece tells goes before all that the others tell.
        """
        found = [*_found(self.causes, seen[:1]), *_found(self.causes, seen[1:])]
        first: dict[str, Finding] = {}
        for finding in found or _found(self.symptoms, seen):
            first.setdefault(finding.code, finding)
        return tuple(first.values())


def _found(causes: Iterable[Cause], seen: Sequence[Seen]) -> Iterator[Finding]:
    for cause in causes:
        for piece in seen:
            finding = cause(piece.evidence)
            if finding:
                yield Finding(finding.code, piece.where + finding.cause, piece.where + finding.cure)


def told(text: str, longest: int = LONGEST_VALUE) -> str:
    """A value out of the evidence, for use in a message: on one line and not too long."""
    line = safe_line(text).replace('\\"', '"').replace("\\n", " ")
    return line if len(line) <= longest else line[: longest - 1] + "…"
