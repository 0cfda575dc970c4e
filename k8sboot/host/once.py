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

CALLED_OFF = 77
POLL = 0.2

NEVER, ENDED, RUNNING = "never", "ended", "running"


def new_id() -> str:
    """A unique name for one change."""
    return secrets.token_hex(8)


def once(script: str, errand: str) -> str:
    """The script, run unless it was cancelled; exits with its exit status, after printing its output.

    Earlier changes of the host have been reported by now, and their directories are removed. Without space for a
    directory it runs without one.
    """
    return render("once", script, **_folders(errand), CALLED_OFF=CALLED_OFF)


def recall(errand: str, *, patience: float) -> str:
    """Query the result of a change, waiting so many seconds for it; a change that has not begun is cancelled."""
    words = {"NEVER": NEVER, "RUNNING": RUNNING, "ENDED": ENDED}
    return render("recall", LEFT=int(patience / POLL), POLL=POLL, **_folders(errand), **words)


def _folders(errand: str) -> dict[str, str]:
    return {"ALL": ONCE_DIR, "THIS": f"{ONCE_DIR}/{errand}"}


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
    return Outcome(boot.decode("ascii", "replace"), state, -1 if status == "-" else int(status), stdout)
