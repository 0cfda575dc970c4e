"""Perfect knowledge for the rivals: what a host that k8sboot has prepared holds, ready to be copied."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench import end_state, lab
from bench.controller import password_of
from bench.end_state import EndState
from bench.lab import LabHost

UNITS = ("containerd.service", "chrony.service", "kubelet.service")


@dataclass(frozen=True)
class Copied:
    """A file that a rival writes. source: its contents, on this machine."""

    source: str
    path: str
    mode: str


@dataclass(frozen=True)
class Unit:
    """A unit that is enabled, and running or not."""

    name: str
    is_running: bool


@dataclass(frozen=True)
class Recipe:
    """Of one host."""

    name: str
    user: str
    password: str
    timezone: str
    files: tuple[Copied, ...]
    packages: tuple[str, ...]
    held: tuple[str, ...]
    units: tuple[Unit, ...]

    def plain(self) -> dict[str, Any]:
        """As values for JSON and YAML."""
        return asdict(self)


def end_state_of(host: LabHost) -> EndState:
    """As it is now."""
    packages = lab.inside(host.name, "dpkg-query", "-W", "-f", "${Package}\\t${Version}\\n")
    return end_state.read(host.root, packages, lab.inside(host.name, "apt-mark", "showhold"))


def recipe_of(host: LabHost, bare: EndState, prepared: EndState, folder: Path) -> Recipe:
    """How a rival makes a bare host like the prepared one. Contents of files go to the folder."""
    manual = set(lab.inside(host.name, "apt-mark", "showmanual").split()) | prepared.held
    new = {
        name: v for name, v in prepared.packages.items() if bare.packages.get(name) != v and name in manual
    }
    return Recipe(
        name=host.name,
        user=host.login,
        password=password_of(host),
        timezone=str((host.root / "etc/localtime").readlink()),
        files=tuple(_copied(host, path, folder) for path in prepared.written()),
        packages=tuple(f"{name}={version}" for name, version in sorted(new.items())),
        held=tuple(sorted(prepared.held)),
        units=tuple(Unit(name, _is_active(host, name)) for name in UNITS),
    )


def _copied(host: LabHost, path: str, folder: Path) -> Copied:
    there = host.root / path.lstrip("/")
    source = folder / host.name / path.lstrip("/")
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_bytes(there.read_bytes())
    source.chmod(0o600)
    return Copied(str(source), path, f"{there.stat().st_mode & 0o7777:04o}")


def _is_active(host: LabHost, unit: str) -> bool:
    return (
        lab.inside(host.name, "systemctl", "show", "-p", "ActiveState", "--value", unit).strip() == "active"
    )
