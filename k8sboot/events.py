"""What happens in a run, as events for listeners. Imports only errors.

Every event names its host ("" for the run itself) and its phase. Texts hold no secrets; remote output in them is
untrusted and is sanitized where it is shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from k8sboot.errors import K8sbootError


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened on one host, in one phase."""

    host: str = ""
    phase: str = ""


@dataclass(frozen=True, kw_only=True)
class Barrier:
    """What hosts wait for before a phase. after, at_once: as the phase declares them. has_turn: it may take turns."""

    phase: str
    after: tuple[str, ...] = ()
    at_once: int = 0
    has_turn: bool = False


@dataclass(frozen=True, kw_only=True)
class RunStarted(Event):
    """A run begins. phases: their names in order. limit: the hosts that it is restricted to, () for all.

    barriers: those of the phases. forks: the number of hosts at the same time.
    """

    command: str
    cluster: str
    hosts: tuple[str, ...]
    phases: tuple[str, ...]
    is_dry: bool
    limit: tuple[str, ...] = ()
    barriers: tuple[Barrier, ...] = ()
    forks: int | None = None


@dataclass(frozen=True, kw_only=True)
class Connected(Event):
    """Logged in as root or became root, and the host has answered its first probe."""

    kernel: str
    system: str


@dataclass(frozen=True, kw_only=True)
class PhaseStarted(Event):
    """A host begins a phase."""


@dataclass(frozen=True, kw_only=True)
class PhaseEnded(Event):
    """A host finished a phase without an error."""

    changes: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Changing(Event):
    """The host is about to be changed; Changed or Failed follows, unless the run is killed in between."""

    what: str
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FileChange:
    """A file before and after, as SHA-256 in hexadecimal; before is "" if there was no file."""

    path: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class Changed(Event):
    """The host was changed, or would be in a dry run. what: the change, in lower case.

    diff: unified diffs of files, or lines such as 'thing: from -> to' or 'unit: starts', or "".
    commands: what ran, quoted for a shell.
    files: those written, except files with secret content.
    """

    what: str
    diff: str = ""
    commands: tuple[str, ...] = ()
    files: tuple[FileChange, ...] = ()
    is_dry: bool = False
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Working(Event):
    """A change that takes time has begun; Changed or Failed follows."""

    what: str


@dataclass(frozen=True, kw_only=True)
class Waiting(Event):
    """A named wait has begun. timeout: seconds."""

    what: str
    timeout: float


@dataclass(frozen=True, kw_only=True)
class Output(Event):
    """A line of output of a long command on the host."""

    line: str


@dataclass(frozen=True, kw_only=True)
class Notice(Event):
    """Something that the operator should know; the run continues. diff: of the file concerned, or ""."""

    code: str
    text: str
    diff: str = ""


@dataclass(frozen=True, kw_only=True)
class Differs(Event):
    """A value that the inventory sets, that the running cluster does not have, and that `up` does not change.

    key: the inventory's. where: what was read. cluster and inventory: the values. how: what brings it about.
    """

    key: str
    where: str
    cluster: str
    inventory: str
    how: str


@dataclass(frozen=True, kw_only=True)
class Checked(Event):
    """A row of the smoke test has ended. row: its name. seen: what was seen, or why it was skipped.

    code, why, fix: of a failed one.
    """

    row: str
    title: str
    outcome: Literal["passed", "failed", "skipped"]
    seconds: float
    seen: str
    code: str = ""
    why: str = ""
    fix: str = ""


@dataclass(frozen=True, kw_only=True)
class Evidence(Event):
    """The evidence of a host after a phase failed; stored in a file, not shown."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Unknown(Event):
    """Dry run only: what this phase would do is known only after `after` has run. what: a part of it; "" for all."""

    after: str
    what: str = ""


@dataclass(frozen=True, kw_only=True)
class Skipped(Event):
    """A phase was not started on a host. why: the reason."""

    why: str


@dataclass(frozen=True, kw_only=True)
class Failed(Event):
    """A host failed in a phase and runs no further ones."""

    error: K8sbootError


@dataclass(frozen=True, kw_only=True)
class RunEnded(Event):
    """The run is over. Counts are per host, in the inventory's order."""

    changes: dict[str, int]
    failed: tuple[str, ...]
    is_dry: bool
    seconds: float


Listener = Callable[[Event], None]
