"""The shell side of a job: start it independently of the connection, follow its log, stop it, remove it. Pure.

A job's folder is /var/lib/k8sboot/jobs/<id>/: script, run (what runs it), pid (boot id, process id), log, and rc
once it has ended. Every script here may be sent again after a lost connection: starting twice starts once.
A follower says FOLLOWING once the job has started, then prints its log as it grows; the job's end is on stderr.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from k8sboot.paths import JOBS_DIR, RUN_DIR, WORK
from k8sboot.scripts import render
from k8sboot.ssh.script import CLEAN
from k8sboot.text.numbers import whole

KEPT = 20
POLL, BEAT = 0.2, 10
"""Seconds between two rounds of a follower, and rounds between two signs of life."""
FOLLOWING = b"following\n"
RECEIVED = b"received\n"
"""What a follower that ends well is told: the job's folder may go."""
NAME = re.compile(r"[a-z0-9-]+\Z")


@dataclass(frozen=True)
class End:
    """How a job ended: ended, lost (no process, no exit status) or gone (no folder). exit_status: of ended alone."""

    state: str
    exit_status: int | None


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


def start_and_follow(job: str, start: str) -> str:
    """Run the script that starts the job, then follow it; with the exit status of the first if it fails."""
    return f"(\n{start}) >&2\ns=$?; [ $s = 0 ] || exit $s\n{follow(job, offset=0)}"


def follow(job: str, *, offset: int) -> str:
    """Print FOLLOWING and the log from offset on, until the job has ended; then how it ended, on stderr."""
    return render("job-follow", JOB=f"{JOBS_DIR}/{job}", FROM=offset, POLL=POLL, BEAT=BEAT)


def parse_end(stderr: bytes) -> End:
    """The last line of what a follower prints to stderr. Raises ValueError for anything else."""
    state, status = stderr.decode("ascii", "replace").rstrip("\n").rpartition("\n")[2].split()
    code = whole(status)
    if code is None and status != "-":
        raise ValueError("it has something else in the place of a number")
    return End(state, code)


def when_received(job: str) -> str:
    """Remove the job's folder if the next line on stdin is RECEIVED."""
    word = RECEIVED.decode().strip()
    return f'read -r said && [ "$said" = {word} ] && rm -rf -- {JOBS_DIR}/{job}\n'


def stop(job: str) -> str:
    """End the job and all that it started: SIGTERM first, then SIGKILL."""
    return render("job-stop", JOBS=JOBS_DIR, JOB=job)
