"""What a part of the bench is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.raw import Raw
from bench.sizes import Sizes


@dataclass(frozen=True)
class Part:
    """name: of its raw numbers. what: it measures. measure: fills the raw numbers. where: it needs to run.

    where: "here"; "apart", with a network of its own for own hosts; or "lab". rivals: whose
    environments it needs, made beforehand: a network of its own has no registry.
    """

    name: str
    what: str
    measure: Callable[[Raw, Sizes], None]
    where: str = "here"
    rivals: tuple[str, ...] = ()
