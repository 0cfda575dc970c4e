"""The shell side of a job: start it independently of the connection, read its log by offset, stop it, remove it. Pure.

A job's folder is /var/lib/k8sboot/jobs/<id>/: script, run (what runs it), pid (boot id, process id), log, and rc
once it has ended. Every script here may be sent again after a lost connection: starting twice starts once.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from k8sboot.paths import JOBS_DIR, RUN_DIR, WORK
from k8sboot.scripts import call, render
from k8sboot.ssh.script import CLEAN
from k8sboot.text.numbers import whole

KEPT = 20
POLL = 0.2
NAME = re.compile(r"[a-z0-9-]+\Z")


@dataclass(frozen=True)
class Look:
    """What a look at a job found. exit_status: None while it runs. size: the log's length in bytes."""

    state: str
    exit_status: int | None
    size: int
    data: bytes


def new_id(name: str) -> str:
    """A name for one job of this kind; raises ValueError if name cannot be part of a path."""
    if not NAME.match(name):
        raise ValueError(f"a job's name consists of a-z, 0-9 and -: {name!r}")
    return f"{name}-{secrets.token_hex(6)}"


def start(job: str, script: str) -> str:
    """Start the job unless it was started, and wait until it has a process. Exits non-zero if it has none."""
    written = _written("script", script) + _written("run", _run(job))
    return render("job-start", written, JOBS=JOBS_DIR, JOB=job, OLD=KEPT + 1)


def _written(name: str, text: str) -> str:
    """The line that writes a file, its text unread by any shell."""
    fence = f"end-of-{secrets.token_hex(16)}"
    return f"cat > {name} <<'{fence}'\n{text}\n{fence}\n"


def _run(job: str) -> str:
    """What runs the job's script."""
    return render("job-run", CLEAN=CLEAN, JOB=f"{JOBS_DIR}/{job}", DIR=RUN_DIR, WORK=WORK)


def look(job: str, *, offset: int, wait: float) -> str:
    """Print the job's state and the log from offset on; wait up to wait seconds for news."""
    return render("job-look", JOB=f"{JOBS_DIR}/{job}", FROM=offset + 1, LEFT=int(wait / POLL), POLL=POLL)


def parse_look(output: bytes) -> Look:
    """The output of look(). Raises ValueError for anything else."""
    head, _, data = output.partition(b"\n")
    state, status, size = head.decode("ascii", "replace").split()
    code, length = whole(status), whole(size)
    if length is None or (code is None and status != "-"):
        raise ValueError("it has something else in the place of a number")
    return Look(state, code, length, data)


def stop(job: str) -> str:
    """End the job and all that it started: SIGTERM first, then SIGKILL."""
    return render("job-stop", JOBS=JOBS_DIR, JOB=job)


def remove(job: str) -> str:
    """Remove the job's folder."""
    return call("rm", "-rf", "--", f"{JOBS_DIR}/{job}")
