"""A short change that happens once, also when the connection dies under it. Pure.

The script runs with its output in files of a folder of its own under /run/k8sboot/errands: making that folder is
its first act, and nobody makes it twice. After a lost connection the controller asks for the folder: where it is
not there, the asker makes it, and the change can never begin; where it is, its end is waited for and told.
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
    """A name for one errand."""
    return secrets.token_hex(8)


def once(script: str, errand: str) -> str:
    """The script, run unless the errand was called off; ends with its exit status, after telling its output.

    Earlier errands of the host have been told by now, and their folders are removed. Where there is no room for a
    folder it runs without one.
    """
    return render("once", script, **_folders(errand), CALLED_OFF=CALLED_OFF)


def recall(errand: str, *, patience: float) -> str:
    """Ask how an errand went, waiting so many seconds for its end; one that has not begun is called off."""
    words = {"NEVER": NEVER, "RUNNING": RUNNING, "ENDED": ENDED}
    return render("recall", LEFT=int(patience / POLL), POLL=POLL, **_folders(errand), **words)


def _folders(errand: str) -> dict[str, str]:
    return {"ALL": ONCE_DIR, "THIS": f"{ONCE_DIR}/{errand}"}


@dataclass(frozen=True)
class Outcome:
    """How an errand went. state: NEVER begun, ENDED or RUNNING. boot_id: of the host that tells."""

    boot_id: str
    state: str
    exit_status: int
    stdout: bytes


def parse_outcome(output: bytes) -> Outcome:
    """What recall() printed. Raises ValueError when it is something else."""
    boot, _, rest = output.partition(b"\n")
    head, _, stdout = rest.partition(b"\n")
    state, status = head.decode("ascii", "replace").split()
    return Outcome(boot.decode("ascii", "replace"), state, -1 if status == "-" else int(status), stdout)
