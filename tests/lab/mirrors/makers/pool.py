"""What an apt pool holds, and what its packages need of each other."""

from __future__ import annotations

import dataclasses
import subprocess
from collections.abc import Iterable
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Deb:
    """One package file and what it says of itself."""

    file: Path
    name: str
    version: str
    needs: tuple[tuple[str, ...], ...]
    """One tuple of alternatives a need, versions left out: within one pool they fit."""
    is_base: bool
    """Whether no Debian system is without it."""


def read(root: Path) -> dict[str, Deb]:
    """The packages below a directory, by name."""
    listing = subprocess.run(
        ["apt-ftparchive", "packages", "."], cwd=root, check=True, capture_output=True, text=True
    ).stdout
    debs = (_deb(root, stanza) for stanza in listing.split("\n\n") if stanza.strip())
    return {deb.name: deb for deb in debs}


def _deb(root: Path, stanza: str) -> Deb:
    lines = [line for line in stanza.splitlines() if not line.startswith(" ")]
    fields = dict(line.split(": ", 1) for line in lines if ": " in line)
    needs = ", ".join(fields[name] for name in ("Pre-Depends", "Depends") if name in fields)
    return Deb(
        root / fields["Filename"],
        fields["Package"],
        fields["Version"],
        tuple(_alternatives(need) for need in needs.split(",") if need.strip()),
        fields.get("Essential") == "yes" or fields.get("Priority") == "required",
    )


def _alternatives(need: str) -> tuple[str, ...]:
    return tuple(word.partition("(")[0].strip().partition(":")[0] for word in need.split("|"))


def needed_by(deb: Deb, debs: dict[str, Deb]) -> list[str]:
    """For each need the first alternative the pool has; one it has none for is the system's."""
    firsts = (next((name for name in need if name in debs), "") for need in deb.needs)
    return [name for name in dict.fromkeys(firsts) if name]


def closure(debs: dict[str, Deb], names: Iterable[str], without: frozenset[str]) -> frozenset[str]:
    """The named packages and all they need, stopping at those in `without`."""
    found: set[str] = set()
    left = list(names)
    while left:
        name = left.pop()
        if name not in found and name not in without:
            found.add(name)
            left += needed_by(debs[name], debs)
    return frozenset(found)
