"""What differs between operating systems, as one contract; each family is one file that fulfils it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from k8sboot.host import Command, Host, Peer
from k8sboot.inventory.model import OsSettings, Repository
from k8sboot.osfamily.kernels import Kernels
from k8sboot.probe import Question
from k8sboot.writing import File


@dataclass(frozen=True)
class Wanted:
    """A package that should be installed. version: '' any, '20.10' a prefix, '=1.20.2' exactly that upstream.

    is_held: it must not move with a general update.
    """

    name: str
    version: str = ""
    is_held: bool = False

    def is_met_by(self, installed: str) -> bool:
        """The installed version string (epoch and packaging revision included) is what is wanted."""
        return bool(installed) and matches(installed, self.version)


def upstream(version: str) -> str:
    """'5:20.10.24~3-0~debian' -> '20.10.24': without epoch, packaging revision and build suffix."""
    bare = version.rpartition(":")[2]
    for mark in ("-", "~", "+"):
        bare = bare.partition(mark)[0]
    return bare


def matches(version: str, wanted: str) -> bool:
    """'' takes any version, '=1.20.2' exactly that one, '20.10' that and what goes on with a dot."""
    bare = upstream(version)
    if wanted.startswith("="):
        return bare == wanted[1:]
    return not wanted or bare == wanted or bare.startswith(f"{wanted}.")


@dataclass(frozen=True)
class Paths:
    """Where a family keeps what k8sboot writes."""

    kubelet_environment: str
    chrony_configuration: str
    chrony_unit: str


class Family(Protocol):
    """One family of operating systems."""

    name: str
    ids: tuple[str, ...]
    paths: Paths
    kernels: Kernels
    base_packages: tuple[str, ...]
    firewall_units: tuple[str, ...]
    repository_paths: tuple[str, ...]
    lists_are_fresh: Question
    """Exit status 0 when the package lists were read within the last hour."""

    def repository_file(self, host: Peer, name: str, repository: Repository) -> File:
        """The file that tells the package manager of a repository."""

    def key_path(self, name: str) -> str:
        """Where the key that signs a repository lies."""

    def download(self, url: str, path: str) -> Command:
        """Fetch a URL to a file, with what every such host has."""

    def repositories(self, host: Peer, settings: OsSettings) -> Mapping[str, Repository]:
        """The runbook's repositories ('docker', 'kubernetes'): the mirror preset's, or as the inventory says."""

    def refresh(self, host: Host) -> None:
        """Read the repositories' lists anew; repair an interrupted package transaction first."""

    def candidates(self, host: Host, names: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
        """The versions that can be installed of each package, newest first; unknown names are left out."""

    def install(self, host: Host, versions: Mapping[str, str]) -> None:
        """Install packages at these exact versions ('' any), in one transaction, as a job."""

    def hold(self, host: Host, names: tuple[str, ...]) -> None:
        """Keep packages at their version through general updates."""
