"""What evidence shows: a cause with its code, and its cure."""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from k8sboot.diagnosis.evidence import HostEvidence
from k8sboot.text.sanitize import safe_line

LONGEST_VALUE = 240


@dataclass(frozen=True)
class Finding:
    """code: one that `k8sboot explain` knows. cause: one line with the values seen. cure: what to do, an imperative.

    yields_to: codes of what may have brought it about, which then precedes it.
    """

    code: str
    cause: str
    cure: str
    yields_to: tuple[str, ...] = ()


Cause = Callable[[HostEvidence], "Finding | None"]
"""Looks for one cause. Pure; never raises, whatever the evidence is."""


@dataclass(frozen=True)
class Seen:
    """Evidence, and a prefix for the cause and the cure that are found in it: the host where it was seen."""

    evidence: HostEvidence
    where: str = ""


@dataclass(frozen=True)
class Catalogue:
    """layers: causes from the machine upwards; one cannot be brought about by a later one. symptoms: looked for only
    if no cause is found.
    """

    layers: tuple[tuple[Cause, ...], ...]
    symptoms: tuple[Cause, ...] = ()

    def examine(self, seen: Sequence[Seen]) -> tuple[Finding, ...]:
        """The best finding, and those that may explain the failure, too; each code once.

        Findings in the first piece of evidence precede those in the others. What a layer above the best one shows
        is a consequence, or has nothing to do with the failure.
        """
        found = [*_found(self.layers, seen[:1]), *_found(self.layers, seen[1:])]
        found = [(layer, finding) for layer, finding in found if layer <= found[0][0]]
        first: dict[str, Finding] = {}
        for _, finding in found or _found((self.symptoms,), seen):
            first.setdefault(finding.code, finding)
        return _origin_first(tuple(first.values()))


def _origin_first(found: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """What brought the best finding about precedes it."""
    origins = tuple(each for each in found if each.code in found[0].yields_to)
    return (*origins, *(each for each in found if each not in origins))


def _found(layers: Iterable[Iterable[Cause]], seen: Sequence[Seen]) -> Iterator[tuple[int, Finding]]:
    for layer, causes in enumerate(layers):
        for cause, piece in itertools.product(causes, seen):
            finding = cause(piece.evidence)
            if finding:
                yield (
                    layer,
                    replace(finding, cause=piece.where + finding.cause, cure=piece.where + finding.cure),
                )


def excerpt(text: str, longest: int = LONGEST_VALUE) -> str:
    """A value from the evidence for use in a message: one line, shortened."""
    line = safe_line(text).replace('\\"', '"').replace("\\n", " ")
    return line if len(line) <= longest else line[: longest - 1] + "…"


def cure(template: str, values: Mapping[str, str]) -> str:
    """A cure with values from the evidence; in its commands, between backticks, they are quoted for the shell."""
    quoted = _Quoted(values)
    parts = template.split("`")
    return "`".join(part.format_map(quoted if i % 2 else values) for i, part in enumerate(parts))


class _Quoted(dict[str, str]):
    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__()
        self._values = values

    def __missing__(self, key: str) -> str:
        return shlex.quote(value) if (value := self._values[key]) else ""
