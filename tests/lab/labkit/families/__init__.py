"""One file a family of operating systems, found by its name. Each defines what `Family` lists."""

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, cast

from labkit.errors import LabError
from labkit.plan import Host


class Family(Protocol):
    """What a family's module defines."""

    def fingerprint(self) -> str:
        """A short key of everything that the root file system is made from."""

    def build(self, root: Path) -> None:
        """Make the root file system that all hosts of the family share, in the new directory."""

    def individualise(self, host: Host, public_keys: Sequence[str]) -> None:
        """Make a fresh disk (mounted at `host.root`) this host's own: names, logins, mirrors."""


def names() -> list[str]:
    files = Path(__file__).parent.glob("*.py")
    return sorted(file.stem for file in files if file.stem != "__init__")


def load(name: str) -> Family:
    if name not in names():
        raise LabError(f"no family {name}: there is {', '.join(names())}", 2)
    return cast(Family, importlib.import_module(f"labkit.families.{name}"))
