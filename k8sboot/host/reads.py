"""What phases declare to read on a host, so that the probe reads it all at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any


@dataclass(frozen=True)
class Question:
    """A read-only shell snippet whose answer a phase needs from the probe.

    may_hang: on a half-built host it may wait for an answer that never comes. The first probe runs it, so that a
    finished host costs one probe; later ones do not, and a phase that needs it runs it separately.
    shares: its script runs in one shell with others that do: it neither exits nor sets what they could stumble over.
    """

    name: str
    script: str
    may_hang: bool = False
    shares: bool = False


@dataclass(frozen=True)
class Reads:
    """What a phase reads on a host. A missing declaration costs a round trip, never a wrong answer."""

    files: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    sysctls: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    cluster: tuple[tuple[str, ...], ...] = ()
    """Commands that ask the cluster: of the first master alone, and all at once where the first of them is asked."""

    @property
    def prompt(self) -> Reads:
        """These without the questions that may hang."""
        return replace(self, questions=tuple(q for q in self.questions if not q.may_hang))


def union(many: Iterable[Reads]) -> Reads:
    """Everything that any of them reads, each once, in order."""
    gathered = list(many)
    return Reads(**{f.name: _together([getattr(r, f.name) for r in gathered]) for f in fields(Reads)})


def _together(many: Iterable[Iterable[Any]]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(item for items in many for item in items))
