"""A short change that is made exactly once, even if the connection drops during it. Pure.

The script writes its output to files in a directory of its own under /run/k8sboot/errands. Creating the directory is
its first step, and only one process can create it. After a lost connection the controller checks for the directory: if
it is missing, the check creates it, and the change can never begin; if it exists, the check waits for the result.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from k8sboot.paths import ONCE_DIR
from k8sboot.scripts import render
from k8sboot.ssh.connection import Script, text_of
from k8sboot.text.numbers import whole

CANCELLED = 77
POLL = 0.2

NEVER, ENDED, RUNNING = "never", "ended", "running"


def new_id() -> str:
    """A unique name for one change."""
    return secrets.token_hex(8)


@dataclass(frozen=True)
class Once:
    """A script that runs unless it was cancelled; at its end it prints its output and exits with its exit status.

    Earlier changes of the host have been reported by now, and their directories are removed. Without space for a
    directory it runs without one.
    """

    script: Script
    name: str

    def render(self) -> str:
        """The text for /bin/sh."""
        return render("once", text_of(self.script), **_folders(self.name), CANCELLED=CANCELLED)


@dataclass(frozen=True)
class Recall:
    """Query the result of a change, waiting up to wait seconds for it; a change that has not begun is cancelled."""

    name: str
    wait: float

    def render(self) -> str:
        """The text for /bin/sh."""
        words = {"NEVER": NEVER, "RUNNING": RUNNING, "ENDED": ENDED}
        return render("recall", LEFT=int(self.wait / POLL), POLL=POLL, **_folders(self.name), **words)


def _folders(name: str) -> dict[str, str]:
    return {"ALL": ONCE_DIR, "THIS": f"{ONCE_DIR}/{name}"}


@dataclass(frozen=True)
class Outcome:
    """The result of a change. state: NEVER begun, ENDED or RUNNING. boot_id: of the host that reports it."""

    boot_id: str
    state: str
    exit_status: int
    stdout: bytes


def parse_outcome(output: bytes) -> Outcome:
    """Parse recall()'s output. Raises ValueError if it is something else."""
    boot, _, rest = output.partition(b"\n")
    head, _, stdout = rest.partition(b"\n")
    state, status = head.decode("ascii", "replace").split()
    number = -1 if status == "-" else whole(status)
    if number is None:
        raise ValueError("the exit status is not a number")
    return Outcome(boot.decode("ascii", "replace"), state, number, stdout)
