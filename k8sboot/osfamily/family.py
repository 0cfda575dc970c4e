"""What differs between operating systems, as one contract; each family fulfils it in files of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from k8sboot.host.files import File
from k8sboot.host.host import Host
from k8sboot.host.peer import Command, NotYet, Peer
from k8sboot.host.reads import Question, Reads
from k8sboot.inventory.model import OsSettings, Repository, Spec
from k8sboot.osfamily.kernels import Kernels

KUBERNETES_PACKAGES = ("kubeadm", "kubelet", "kubectl")

YUM_REPOSITORIES = ("base", "updates", "extras", "epel")
"""The system's own repositories on yum's family: the inventory's entries of these names are not for apt."""


@dataclass(frozen=True)
class Wanted:
    """A package that should be installed.

    version: '' any, '20.10' a prefix of the upstream version, '=1.20.2' exactly that upstream version,
    '==0:1.20.2-0' exactly that package. is_held: it must not move with a general update. is_optional: where
    no repository has it, that is a notice. chosen_by: dry run only, the phase that has yet to choose one version.
    """

    name: str
    version: str = ""
    is_held: bool = False
    is_optional: bool = False
    chosen_by: str = ""

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
    """Whether a package's whole version is what Wanted.version asks for."""
    if wanted.startswith("=="):
        return version == wanted[2:]
    bare = upstream(version)
    if wanted.startswith("="):
        return bare == wanted[1:]
    return not wanted or bare == wanted or bare.startswith(f"{wanted}.")


@dataclass(frozen=True)
class Source:
    """A repository as a family uses it. keys: URLs or files of this machine. url: as the family's own files say it.

    fingerprints: every key in the key files must be one of these; empty where they are not known.
    exclude: packages of it that a general update must not touch.
    """

    url: str
    keys: tuple[str, ...] = ()
    fingerprints: frozenset[str] = frozenset()
    suite: str = ""
    components: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


def source_of(repository: Repository) -> Source:
    """A repository of the inventory. Its fingerprint may be several, as blanks part them."""
    return Source(
        url=repository.url,
        keys=(repository.key,) if repository.key else (),
        fingerprints=frozenset(repository.fingerprint.split()),
        suite=repository.suite,
        components=repository.components,
    )


def named_for(settings: OsSettings, family: str) -> Mapping[str, Source]:
    """The inventory's repositories for hosts of a family: the plain names, over them those that name the family.

    'docker' is for every family, 'rhel.docker' for one.
    """
    plain = {name: source_of(each) for name, each in settings.repositories.items() if "." not in name}
    own = {
        name.partition(".")[2]: source_of(each)
        for name, each in settings.repositories.items()
        if name.startswith(f"{family}.")
    }
    return {**plain, **own}


@dataclass(frozen=True)
class Paths:
    """Where a family keeps what k8sboot writes, and the units that read it."""

    kubelet_environment: str
    chrony_configuration: str
    chrony_unit: str
    cron_unit: str


def must_have_fresh_lists(family: Family, host: Host) -> None:
    """Read the package lists unless they are fresh. NotYet in a dry run that plans to."""
    if host.answer(family.lists_are_fresh).exit_status:
        family.refresh(host)
    if after := host.planned_by(family.lists_are_fresh):
        raise NotYet(after)


class Family(Protocol):
    """One family of operating systems."""

    name: str
    ids: tuple[str, ...]
    paths: Paths
    kernels: Kernels
    reads: Reads
    """What the family's own steps look at: files, packages, questions."""
    base_packages: tuple[str, ...]
    """What kubeadm and k8sboot cannot do without; a repository must have them."""
    tools: tuple[str, ...]
    """The runbook's list for people; a name that no repository has is a notice."""
    ntpdate_packages: tuple[str, ...]
    firewall_units: tuple[str, ...]
    repository_names: tuple[str, ...]
    lists_are_fresh: Question
    """Exit status 0 when the package lists were read within the last hour."""

    def repository_path(self, name: str) -> str:
        """Where the package manager is told of a repository."""

    def repository_file(self, host: Peer, name: str, source: Source) -> File:
        """The file that tells the package manager of a repository."""

    def retired_repositories(self, host: Peer) -> tuple[File, ...]:
        """The distribution's own repository files as they should be where they point at mirrors that are gone."""

    def key_path(self, name: str, index: int = 0) -> str:
        """Where a key that signs a repository lies."""

    def fetch(self, host: Peer, url: str) -> Command:
        """Print what is at a URL, with what every such host has; alters nothing."""

    def index_url(self, host: Peer, source: Source) -> str:
        """Where the index of a repository must answer with XML; '' where the package manager judges it itself."""

    def repositories(self, host: Peer, spec: Spec) -> Mapping[str, Source]:
        """The runbook's repositories: the mirror preset's, or as the inventory says."""

    def is_broken(self, host: Peer) -> bool:
        """A package transaction was cut, or the package database is damaged; refresh() repairs it."""

    def refresh(self, host: Host) -> None:
        """Read the package lists, which makes them fresh; repair an interrupted transaction first."""

    def candidates(self, host: Host, names: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
        """The versions that can be installed of each package, newest first; unknown names are left out.

        Read from the lists on the host, which are refreshed only where one is missing; none in a dry run that
        plans that.
        """

    def install(self, host: Host, versions: Mapping[str, str], *, diff: str) -> None:
        """Install packages at these exact versions ('' any), in one transaction, as a job. diff: as of a change."""

    def loose(self, host: Peer, names: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the packages that a general update would move. NotYet in a dry run that cannot tell."""

    def hold(self, host: Host, names: tuple[str, ...]) -> None:
        """Keep packages at their version through general updates."""

    def release(self, host: Host, names: tuple[str, ...]) -> None:
        """Let general updates move packages that hold() has kept."""

    def updates(self, host: Host) -> tuple[str, ...]:
        """The packages that a general update would move, but for the kernel and what is held.

        NotYet in a dry run that plans to read the lists.
        """

    def update(self, host: Host, names: tuple[str, ...]) -> None:
        """Update these packages, as a job."""
