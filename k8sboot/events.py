"""What happens in a run, told to listeners. Imports only errors.

Every event names its host ("" for the run itself) and its phase. Texts carry no secrets; remote output in
them is hostile and is cleaned by whoever shows it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from k8sboot.errors import K8sbootError


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened, on one host, in one phase."""

    host: str = ""
    phase: str = ""


@dataclass(frozen=True, kw_only=True)
class RunStarted(Event):
    """A run begins. phases: their names in order. limit: the hosts it is about, () for all of them."""

    command: str
    cluster: str
    hosts: tuple[str, ...]
    phases: tuple[str, ...]
    is_dry: bool
    limit: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Connected(Event):
    """Logged in as root or become root, and the host has answered its first probe."""

    kernel: str
    system: str


@dataclass(frozen=True, kw_only=True)
class PhaseStarted(Event):
    """A host begins a phase."""


@dataclass(frozen=True, kw_only=True)
class PhaseEnded(Event):
    """A host has finished a phase without an error."""

    changes: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Changing(Event):
    """The host is about to be altered; Changed or Failed follows, unless the run is killed meanwhile."""

    what: str
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FileChange:
    """A file before and after, as SHA-256 in hexadecimal; before is "" where there was none."""

    path: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class Changed(Event):
    """The host was altered, or, in a dry run, would be. what: the thing and the aim, lower case.

    diff: unified diffs of files, or lines 'thing: from -> to', or "". commands: what ran, as a shell would take it.
    files: those written, but for those whose content is secret.
    """

    what: str
    diff: str = ""
    commands: tuple[str, ...] = ()
    files: tuple[FileChange, ...] = ()
    is_dry: bool = False
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Working(Event):
    """A change that takes a while has begun; Changed or Failed follows."""

    what: str


@dataclass(frozen=True, kw_only=True)
class Waiting(Event):
    """A named wait has begun. timeout: seconds."""

    what: str
    timeout: float


@dataclass(frozen=True, kw_only=True)
class Output(Event):
    """A line that a long command said on the host."""

    line: str


@dataclass(frozen=True, kw_only=True)
class Notice(Event):
    """Something the operator should know; the run goes on. diff: of the file it is about, or ""."""

    code: str
    text: str
    diff: str = ""


@dataclass(frozen=True, kw_only=True)
class Evidence(Event):
    """What a host said of itself when a phase had failed; to be kept in a file, not to be shown."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Unknown(Event):
    """Dry run only: what this phase would do is known only after `after` has run. what: of its work; "" for all."""

    after: str
    what: str = ""


@dataclass(frozen=True, kw_only=True)
class Skipped(Event):
    """A phase was not started on a host. why: because of what."""

    why: str


@dataclass(frozen=True, kw_only=True)
class Failed(Event):
    """A host failed in a phase and is not worked on further."""

    error: K8sbootError


@dataclass(frozen=True, kw_only=True)
class RunEnded(Event):
    """The run is over. Counts are per host, in the inventory's order."""

    changes: dict[str, int]
    failed: tuple[str, ...]
    is_dry: bool
    seconds: float


Listener = Callable[[Event], None]
