"""One run at a time on a host: a lease that the run renews, and a file lock that a change holds. Pure.

Three files under /run/k8sboot on the host. `lock` names the run that may change the host and when its lease expires
(in seconds of the host's uptime, so that no clock matters). `work` is locked (flock) by the script or job that is
changing the host, for exactly as long as it runs, even if its controller has died. `guard` is locked while the two
are checked. A run acquires the host if no other run has a lease, or only a dead run of the same origin has one, and
no change is running. Every script that changes the host checks first, so that a run that was suspended until its
lease expired notices before it changes anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from k8sboot.errors import Locked
from k8sboot.paths import RUN_DIR, WORK
from k8sboot.scripts import render

LEASE = 180
"""Seconds for which a lease lasts beyond the end of a script; a lost controller is waited for as long."""
RENEW = 45.0
"""Seconds after which an idle run renews its lease."""
REFUSED, NO_ROOM = 76, 73
SAID = "k8sboot-lock:"
_LINE = re.compile(r"[^\n]*\Z")


@dataclass(frozen=True)
class Claim:
    """The run that is to change hosts. run: its id. told: user, machine, pid, time and command, for people.

    origin: an id of the place the run was started from, where a lock admits only one run: another run of the same
    origin is known to be dead. '' if there is no such place.
    """

    run: str
    told: str
    origin: str = ""

    def __post_init__(self) -> None:
        for word in (self.run, self.told, self.origin):
            if not _LINE.match(word):
                raise ValueError("a claim must be one line")


def held(script: str, claim: Claim, *, timeout: float) -> str:
    """The script, run only if the claim holds the host or may acquire it; otherwise exits with REFUSED or NO_ROOM."""
    values = {
        "DIR": RUN_DIR,
        "WORK": WORK,
        "RUN": claim.run,
        "ORIGIN": claim.origin or "-",
        "WHO": claim.told,
    }
    ends = {"LASTS": int(timeout) + LEASE, "REFUSED": REFUSED, "NO_ROOM": NO_ROOM}
    return render("lease", script, SAID=SAID, **values, **ends)


def take(claim: Claim) -> str:
    """Acquire or renew the lease, and do nothing else."""
    return held(":", claim, timeout=0)


def release(claim: Claim) -> str:
    """Release the lease, if it is still this run's."""
    return render("release", DIR=RUN_DIR, RUN=claim.run, REFUSED=REFUSED)


def refusal(said: str, host: str) -> Locked:
    """The error for the stderr of a refused script."""
    line = next((x for x in said.splitlines() if x.startswith(SAID)), "")
    kind, _, rest = line.removeprefix(SAID).strip().partition(" ")
    if kind == "lease":
        seconds, _, told = rest.partition(" ")
        return locked(told, host, f"its lease expires in {seconds} s unless renewed")
    if kind == "work":
        return locked(rest, host, "that run has ended, but its job or script is still running there")
    return locked("", host, line.removeprefix(SAID).strip() or "its lock cannot be acquired")


def locked(told: str, host: str, why: str) -> Locked:
    """The error for another run. told: its description."""
    return Locked(
        "another run of k8sboot is active" + (f": {told}" if told else ""),
        why=why,
        fix="wait until it ends, or stop it with ^C where it runs; the lock of a dead run expires, "
        "nothing must be removed by hand",
        host=host,
    )


@dataclass(frozen=True)
class Holder:
    """The run that held a host when it was probed. seconds: what remains of the lease, 0 or less if expired."""

    run: str
    origin: str
    seconds: int
    told: str

    def is_foreign_to(self, claim: Claim) -> bool:
        """Whether this is another run, which may be alive."""
        dead = self.seconds <= 0 or (claim.origin and self.origin == claim.origin)
        return self.run != claim.run and not dead


def holder(lock: str) -> Holder | None:
    """Parse the holder from the probe's output: the uptime, then the lock's two lines. None if there is none."""
    lines = lock.split("\n")
    words = lines[1].split() if len(lines) > 2 else []
    if len(words) != 3 or not words[2].isdigit() or not lines[0].isdigit():
        return None
    return Holder(words[0], words[1], int(words[2]) - int(lines[0]), lines[2])
