"""Everything that can go wrong, as one tree. Imports nothing of ours.

K8sbootError                     exit 1
├── UsageError                   exit 2   the command line asks for what cannot be
├── InventoryError               exit 2   the inventory is wrong; carries every problem found
├── ConnectError                 exit 3
│   ├── Unreachable                       no TCP, no SSH banner, name does not resolve
│   ├── HostKeyRefused                    unknown (strict) or changed or revoked host key; never retried
│   ├── AuthenticationFailed              no key or password was taken
│   ├── SudoRefused                       logged in, but may not become root
│   └── ConnectionLost                    was connected; the link or the peer died
├── StepFailed                   exit 1
│   ├── CommandFailed                     a command on a host ended non-zero
│   ├── DeadlineExceeded                  a named wait or a command reached its end
│   │   └── ShellSilent          exit 3   the login shell never got to our script
│   ├── NotAsWanted                       done, looked at again, and still not as it should be
│   └── Refused                           a precondition does not hold; nothing was altered
├── Locked                       exit 4   somebody else's run is at work
├── Interrupted                  exit 130
└── Bug                          exit 70  a mistake in k8sboot itself

Each error says what happened, why, and what to do next; the console adds the log's path.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class K8sbootError(Exception):
    """An error a user is meant to read.

    what: one line, what happened. why: the cause as far as known. fix: what to do next, a command where
    there is one. host: the inventory name, or "" when no single host is meant. detail: the end of the remote
    output (hostile text: only console.py shows it, cleaned). code: overrides the class's code.
    """

    witnesses: tuple[str, ...] = ()
    """Hosts whose evidence was looked at for the cause."""
    code: ClassVar[str] = "KB-ERROR"
    exit_code: ClassVar[int] = 1

    def __init__(
        self, what: str, *, why: str = "", fix: str = "", host: str = "", detail: str = "", code: str = ""
    ) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.fix = fix
        self.host = host
        self.detail = detail
        self.error_code = code or type(self).code

    def as_record(self) -> dict[str, str]:
        """What the journal records of it; its host is the event's."""
        return {
            "code": self.error_code,
            "what": self.what,
            "why": self.why,
            "fix": self.fix,
            "detail": self.detail,
        }

    def __str__(self) -> str:
        where = f"{self.host}: " if self.host else ""
        return f"{where}{self.what}" + (f" ({self.why})" if self.why else "")


class UsageError(K8sbootError):
    """The command line asks for what cannot be."""

    code = "KB-USAGE"
    exit_code = 2


@dataclass(frozen=True)
class Problem:
    """One thing wrong in an inventory. line and column count from 1; 0 means the whole file."""

    code: str
    message: str
    file: str
    line: int = 0
    column: int = 0
    source: str = ""
    suggestion: str = ""
    is_warning: bool = False


class InventoryError(K8sbootError):
    """The inventory is wrong: every problem found, in the order of the file."""

    code = "KB-INVENTORY"
    exit_code = 2

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        super().__init__(f"{count} problem{'s' if count != 1 else ''} in the inventory")


class ConnectError(K8sbootError):
    """No working, authenticated, privileged connection to a host."""

    code = "KB-SSH"
    exit_code = 3


class Unreachable(ConnectError):
    """Nothing answers as an SSH server there."""

    code = "KB-SSH-UNREACHABLE"


class HostKeyRefused(ConnectError):
    """The host's key is unknown under a strict policy, changed, or revoked. Never retried."""

    code = "KB-SSH-HOSTKEY"


class AuthenticationFailed(ConnectError):
    """The server took none of the keys and passwords."""

    code = "KB-SSH-AUTH"


class SudoRefused(ConnectError):
    """Logged in, but cannot become root."""

    code = "KB-SSH-SUDO"


class ConnectionLost(ConnectError):
    """The connection was there and died."""

    code = "KB-SSH-LOST"


class StepFailed(K8sbootError):
    """A step on a host failed."""

    code = "KB-STEP"


class CommandFailed(StepFailed):
    """A command ended non-zero. The command is shown redacted; detail holds the last 25 lines it said."""

    code = "KB-COMMAND"
    output = ""
    """All that it said, as far as it was kept, for whoever looks for the cause."""

    def __init__(
        self, what: str, *, command: str, exit_status: int, host: str, detail: str = "", fix: str = ""
    ) -> None:
        self.command = command
        self.exit_status = exit_status
        super().__init__(what, why=f"`{command}` ended with {exit_status}", host=host, detail=detail, fix=fix)


class DeadlineExceeded(StepFailed):
    """A named wait, or a command, reached its end in time without reaching its aim."""

    code = "KB-DEADLINE"


class ShellSilent(DeadlineExceeded):
    """The login shell, or sudo in it, did not get to our script: nothing of it has run."""

    code = "KB-SSH-SHELL"
    exit_code = 3


class NotAsWanted(StepFailed):
    """A change was made without an error, and the host is still not as wanted."""

    code = "KB-NOT-AS-WANTED"


class Refused(StepFailed):
    """A precondition does not hold, so nothing was altered."""

    code = "KB-REFUSED"


class Locked(K8sbootError):
    """Another run is at work on this cluster."""

    code = "KB-LOCKED"
    exit_code = 4


class Interrupted(K8sbootError):
    """The user asked to stop."""

    code = "KB-INTERRUPTED"
    exit_code = 130


class Bug(K8sbootError):
    """A mistake in k8sboot itself. __cause__ is what was raised: for the log, or for whoever asks to see it."""

    code = "KB-BUG"
    exit_code = 70

    @classmethod
    def of(cls, error: BaseException) -> Bug:
        """An exception that nobody foresaw, as an error that says where it came from."""
        import traceback

        where = traceback.extract_tb(error.__traceback__)[-1:]
        bug = cls(
            f"a mistake in k8sboot: {type(error).__name__}: {error}",
            why="".join(f"{w.name} in {w.filename.rpartition('/')[2]}:{w.lineno}" for w in where),
            fix="run it again with --debug to see the whole, and report that",
        )
        bug.__cause__ = error
        return bug
