"""The contract for what differs between operating systems; each family implements it in files of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from k8sboot.host.files import File
from k8sboot.host.host import Host
from k8sboot.host.peer import Command, NotYet, Peer
from k8sboot.host.reads import Question, Reads
from k8sboot.inventory.model import Spec
from k8sboot.inventory.os_settings import OsSettings, Repository
from k8sboot.osfamily.kernels import Kernels
from k8sboot.osfamily.openpgp import Certificate

YUM_REPOSITORIES = ("base", "updates", "extras", "epel")
"""The yum family's system repositories: the inventory's entries of these names do not apply to apt."""


@dataclass(frozen=True)
class Wanted:
    """A package to install.

    version: '' any, '20.10' a prefix of the upstream version, '=1.20.2' exactly that upstream version,
    '==0:1.20.2-0' exactly that package. is_held: general updates must not change it. is_optional: if no repository
    has it, that is a notice. chosen_by: dry run only, the phase that has yet to select one version. if_newer: what
    to do where a newer version is installed; '' replaces it. replaces: packages that may be removed for this one.
    repository: the name of the one that must have it, for errors. follows: when one of these packages changes, an
    older one of this is replaced with it: apt does not replace what is held, not even for a dependency.
    """

    name: str
    version: str = ""
    is_held: bool = False
    is_optional: bool = False
    chosen_by: str = ""
    if_newer: str = ""
    replaces: tuple[str, ...] = ()
    repository: str = ""
    follows: tuple[str, ...] = ()

    def is_met_by(self, installed: str) -> bool:
        """Whether an installed version (with epoch and packaging revision) satisfies this."""
        return bool(installed) and matches(installed, self.version)


def upstream(version: str) -> str:
    """'5:20.10.24~3-0~debian' -> '20.10.24': without epoch, packaging revision and build suffix."""
    bare = version.rpartition(":")[2]
    for mark in ("-", "~", "+"):
        bare = bare.partition(mark)[0]
    return bare


def is_older(version: str, installed: str, compare: Callable[[str, str], int]) -> bool:
    """In the order of compare, which returns a number below 0 for older; of a pattern, compare the upstream part."""
    if "*" not in version:
        return compare(version, installed) < 0
    bare = version.strip("*")
    return bool(bare) and compare(bare, upstream(installed)) < 0


def matches(version: str, wanted: str) -> bool:
    """Whether a package's full version satisfies Wanted.version."""
    if wanted.startswith("=="):
        return version == wanted[2:]
    bare = upstream(version)
    if wanted.startswith("="):
        return bare == wanted[1:]
    return not wanted or bare == wanted or bare.startswith(f"{wanted}.")


@dataclass(frozen=True)
class Source:
    """A repository as a family uses it. keys: URLs or local files. url: as the family's own files write it.

    fingerprints: every key in the key files must be one of these; empty if they are not known.
    exclude: packages of it that a general update must not change. offers: what is in it, for errors.
    key_copies: URLs at which a newer copy of its keys may be: renewed, with the same fingerprints.
    ignores_expiry: the dates of its keys are not judged.
    """

    url: str
    keys: tuple[str, ...] = ()
    fingerprints: frozenset[str] = frozenset()
    suite: str = ""
    components: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    offers: str = ""
    key_copies: tuple[str, ...] = ()
    ignores_expiry: bool = False


def source_of(repository: Repository) -> Source:
    """A repository of the inventory. Its fingerprint may be several, separated by spaces."""
    return Source(
        url=repository.url,
        keys=(repository.key,) if repository.key else (),
        fingerprints=frozenset(repository.fingerprint.split()),
        suite=repository.suite,
        components=repository.components,
    )


def named_for(settings: OsSettings, family: str) -> Mapping[str, Source]:
    """The inventory's repositories for hosts of a family: unprefixed names, overridden by names with the family.

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
    """The paths of a family for files that k8sboot writes, and the units that read them.

    logins: the logins of repositories, for downloads.
    """

    kubelet_environment: str
    chrony_configuration: str
    chrony_unit: str
    cron_unit: str
    logins: str


@dataclass(frozen=True)
class Existing:
    """An entry of somebody else's for a repository that k8sboot wants. file: where it is.

    is_enough: it offers the same packages, and is used as it is. key: what it is signed by, as its file has it.
    """

    file: str
    is_enough: bool
    key: str = ""


@dataclass(frozen=True)
class Outcome:
    """What an installation does to what is installed. removed: names and versions. older: names and new versions."""

    removed: Mapping[str, str] = field(default_factory=dict)
    older: Mapping[str, str] = field(default_factory=dict)


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
    """What the family's own steps read: files, packages, questions."""
    installing: Reads
    """What every installation reads besides its packages: an interrupted transaction, and how packages are held."""
    base_packages: tuple[str, ...]
    """Packages that kubeadm and k8sboot need; a repository must have them."""
    tools: tuple[str, ...]
    """The runbook's tools for operators, under the names of all releases."""
    ntpdate_packages: tuple[str, ...]
    firewall_units: tuple[str, ...]
    repository_names: tuple[str, ...]
    lists_are_fresh: Question
    """Exit status 0 if the package lists were read within the last hour."""

    def tools_of(self, host: Peer, spec: Spec) -> tuple[str, ...]:
        """The tools under the names of a host's release; a package that no repository has is a notice."""

    def repository_path(self, name: str) -> str:
        """The path of a repository's configuration file."""

    def logins(self, urls: Iterable[str]) -> str:
        """The text of paths.logins for these URLs, '' without logins."""

    def repository_file(self, host: Peer, name: str, source: Source, *, key: str = "") -> File:
        """The content of a repository's configuration file. key: of an entry that exists, instead of its own."""

    def existing(self, host: Peer, name: str, source: Source) -> Existing | None:
        """An entry that the package manager cannot use together with k8sboot's for this repository."""

    def retired_repositories(self, host: Peer) -> tuple[File, ...]:
        """The distribution's own repository files, corrected if they use mirrors that no longer exist."""

    def key_paths(self, name: str, index: int = 0) -> tuple[str, ...]:
        """Every path at which a host may have the key that signs a repository."""

    def key_path(self, host: Peer, name: str, index: int = 0) -> str:
        """The one of them that this host has or gets."""

    def key_file(self, host: Peer, name: str, index: int, keys: Sequence[Certificate]) -> File:
        """The file with exactly these certificates, in the form that the package manager reads."""

    def forget_older(self, host: Host, keys: Sequence[Certificate]) -> None:
        """Make the package manager forget older copies of these certificates, so that it reads the key file again."""

    def fetch(self, host: Peer, url: str) -> Command:
        """The command that prints what is at a URL, with a program that every such host has; changes nothing."""

    def index_url(self, host: Peer, source: Source) -> str:
        """The URL at which a repository must have an XML index; '' if the package manager checks its index itself."""

    def repositories(self, host: Peer, spec: Spec, packages: Iterable[str]) -> Mapping[str, Source]:
        """The runbook's repositories, from the mirror preset or the inventory. packages: the runtime's."""

    def is_broken(self, host: Peer) -> bool:
        """Whether a package transaction was interrupted or the package database is damaged; refresh() repairs it."""

    def refresh(self, host: Host) -> None:
        """Read the package lists, which makes them fresh; repair an interrupted transaction first."""

    def candidates(self, host: Host, names: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
        """The available versions of each package, newest first; unknown names are omitted.

        Read from the lists on the host, which are refreshed only if one is missing; none in a dry run
        that plans that.
        """

    def is_older(self, version: str, installed: str) -> bool:
        """Whether a version, or a pattern of the upstream version, is older than an installed one."""

    def outcome(self, host: Peer, versions: Mapping[str, str]) -> Outcome:
        """What installing these would do to others, by the lists on the host; changes nothing."""

    def install(
        self,
        host: Host,
        versions: Mapping[str, str],
        *,
        diff: str,
        removes: bool = False,
        downgrades: bool = False,
    ) -> None:
        """Install packages at these exact versions ('' any), in one transaction, as a job. diff: as in a change.

        removes: it may remove packages. downgrades: some of these are older than what is installed.
        """

    def loose(self, host: Peer, names: tuple[str, ...]) -> tuple[str, ...]:
        """The packages of these that a general update would change. NotYet in a dry run that cannot know."""

    def hold(self, host: Host, names: tuple[str, ...]) -> None:
        """Keep packages at their version through general updates."""

    def release(self, host: Host, names: tuple[str, ...]) -> None:
        """Let general updates change packages that hold() has held."""

    def updates(self, host: Host) -> tuple[str, ...]:
        """The packages that a general update would change, except the kernel and held ones.

        NotYet in a dry run that plans to read the lists.
        """

    def update(self, host: Host, names: tuple[str, ...]) -> None:
        """Update these packages, as a job."""
