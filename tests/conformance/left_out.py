"""The conformance tests that the lab does not run, each with a reason: left-out.yaml."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

LIST = Path(__file__).parent / "left-out.yaml"


@dataclass(frozen=True)
class Reason:
    """Why tests are left out. parts: of their names."""

    why: str
    parts: tuple[str, ...]

    def holds(self, name: str) -> bool:
        """Whether a test is left out for it."""
        return any(part in name for part in self.parts)


def read(path: Path = LIST) -> list[Reason]:
    """The list; every entry has a reason."""
    return [Reason(each["reason"].strip(), tuple(each["tests"])) for each in yaml.safe_load(path.read_text())]


def divided(names: Sequence[str], reasons: Sequence[Reason]) -> tuple[list[str], dict[str, str]]:
    """The tests to run, and the reason of each other one, the first that holds.

    Raises ValueError for a part that no test's name has: the list would promise what is not there.
    """
    unknown = [part for reason in reasons for part in reason.parts if not any(part in name for name in names)]
    if unknown:
        raise ValueError(f"left-out.yaml names tests that the suite does not have: {unknown}")
    left = {name: reason.why for name in names for reason in reversed(reasons) if reason.holds(name)}
    return [name for name in names if name not in left], left
