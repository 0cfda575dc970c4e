"""Every error of k8sboot, as one tree. Imports no other module of k8sboot.

K8sbootError                     exit 1
├── UsageError                   exit 2   the command line is not valid
├── InventoryError               exit 2   the inventory is not valid; holds every problem found
├── ConnectError                 exit 3
│   ├── Unreachable                       no TCP, no SSH banner, or the name does not resolve
│   ├── HostKeyRefused                    host key unknown (strict), changed or revoked; never retried
│   ├── AuthenticationFailed              no key or password was accepted
│   ├── SudoRefused                       logged in, but cannot become root
│   └── ConnectionLost                    was connected; the connection or the peer died
├── StepFailed                   exit 1
│   ├── CommandFailed                     a command on a host exited with an error
│   ├── DeadlineExceeded                  a wait or a command timed out
│   │   └── ShellSilent          exit 3   the login shell never started k8sboot's script
│   ├── NotAsWanted                       a change succeeded, but the host did not change as expected
│   └── Refused                           a precondition is not met; nothing was changed
├── Locked                       exit 4   another run is active
├── Interrupted                  exit 130
└── Bug                          exit 70  an error in k8sboot itself

Each error says what happened, why, and what to do next; the console adds the log's path.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class K8sbootError(Exception):
    """An error for the user to read.

    what: one line, what happened. why: the cause as far as known. fix: what to do next, with a command if there is
    one. host: the inventory name, or "" if it concerns no single host. detail: the end of the remote output
    (untrusted: it is sanitized where it is shown). code: overrides the class's code.
    """

    witnesses: tuple[str, ...] = ()
    """Hosts whose evidence was searched for the cause."""
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
        """What the journal records of the error; its host is the event's."""
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
    """The command line is not valid."""

    code = "KB-USAGE"
    exit_code = 2


@dataclass(frozen=True)
class Problem:
    """One problem in an inventory. line and column count from 1; 0 means the whole file.

    paste: lines that the suggestion offers for the file.
    """

    code: str
    message: str
    file: str
    line: int = 0
    column: int = 0
    source: str = ""
    suggestion: str = ""
    is_warning: bool = False
    paste: tuple[str, ...] = ()


class InventoryError(K8sbootError):
    """The inventory is not valid: every problem found, in the order of the file."""

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
    """No SSH server responds at this address."""

    code = "KB-SSH-UNREACHABLE"


class HostKeyRefused(ConnectError):
    """The host's key is unknown under a strict policy, changed, or revoked. Never retried."""

    code = "KB-SSH-HOSTKEY"


class AuthenticationFailed(ConnectError):
    """The server accepted none of the keys and passwords."""

    code = "KB-SSH-AUTH"


class SudoRefused(ConnectError):
    """Logged in, but cannot become root."""

    code = "KB-SSH-SUDO"


class ConnectionLost(ConnectError):
    """The connection was established and then lost."""

    code = "KB-SSH-LOST"


class StepFailed(K8sbootError):
    """A step on a host failed."""

    code = "KB-STEP"


class CommandFailed(StepFailed):
    """A command exited with an error. The command is shown redacted; detail holds the last 25 lines of its output.

    exit_status: -1 if its shell was killed.
    """

    code = "KB-COMMAND"
    output = ""
    """All of its output that was captured, for the diagnosis."""

    def __init__(
        self, what: str, *, command: str, exit_status: int, host: str, detail: str = "", fix: str = ""
    ) -> None:
        self.command = command
        self.exit_status = exit_status
        end = f"exited with status {exit_status}" if exit_status != -1 else "ended without an exit status"
        super().__init__(what, why=f"`{command}` {end}", host=host, detail=detail, fix=fix)


class DeadlineExceeded(StepFailed):
    """A wait or a command timed out."""

    code = "KB-DEADLINE"


class ShellSilent(DeadlineExceeded):
    """The login shell, or sudo in it, did not start k8sboot's script: nothing of it has run."""

    code = "KB-SSH-SHELL"
    exit_code = 3


class NotAsWanted(StepFailed):
    """A change succeeded, but the host did not change as expected."""

    code = "KB-NOT-AS-WANTED"


class Refused(StepFailed):
    """A precondition is not met, so nothing was changed."""

    code = "KB-REFUSED"


class Locked(K8sbootError):
    """Another run is active on this cluster."""

    code = "KB-LOCKED"
    exit_code = 4


class Interrupted(K8sbootError):
    """The user interrupted the run."""

    code = "KB-INTERRUPTED"
    exit_code = 130


class Bug(K8sbootError):
    """An error in k8sboot itself. __cause__ is the exception that was raised, for the log and `--debug`."""

    code = "KB-BUG"
    exit_code = 70

    @classmethod
    def of(cls, error: BaseException) -> Bug:
        """An unexpected exception as an error that says where it was raised."""
        import traceback

        where = traceback.extract_tb(error.__traceback__)[-1:]
        bug = cls(
            f"an error in k8sboot: {type(error).__name__}: {error}",
            why="".join(f"{w.name} in {w.filename.rpartition('/')[2]}:{w.lineno}" for w in where),
            fix="run the command again with `--debug` and report the output",
        )
        bug.__cause__ = error
        return bug
