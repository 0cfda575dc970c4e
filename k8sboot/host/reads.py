"""What phases declare to look at on a host, for k8sboot.probe to ask all at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any


@dataclass(frozen=True)
class Question:
    """A read-only shell snippet whose answer a phase wants to have from the probe.

    may_hang: on a host that is half-built it waits for an answer that does not come. The first probe asks it, so that
    a host that is done costs one; later ones do not, and a phase that wants to know asks it by itself.
    """

    name: str
    script: str
    may_hang: bool = False


@dataclass(frozen=True)
class Reads:
    """What a phase looks at on a host. Missing a declaration costs a round trip, never a wrong answer."""

    files: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    sysctls: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()

    @property
    def prompt(self) -> Reads:
        """Without the questions that may hang."""
        return replace(self, questions=tuple(q for q in self.questions if not q.may_hang))


def union(many: Iterable[Reads]) -> Reads:
    """Everything that any of them reads, each once, in order."""
    gathered = list(many)
    return Reads(**{f.name: _together([getattr(r, f.name) for r in gathered]) for f in fields(Reads)})


def _together(many: Iterable[Iterable[Any]]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(item for items in many for item in items))
