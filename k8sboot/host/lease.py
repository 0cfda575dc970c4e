"""One run at a time on a host: a lease that the run renews, and a file lock that its work holds. Pure.

Three files under /run/k8sboot on the host. `lock` names the run that may alter the host and until when (seconds
of the host's uptime, so that no clock matters). `work` is locked (flock) by whatever is altering the host at this
moment, a script or a job, for exactly as long as it runs, also when its controller has died. `guard` is locked
for the instant in which the two are looked at. A run takes the host when no other has a lease, or only one that
died at the same seat, and nobody is at work. Every script that alters the host asks first, so that a run that
was asleep while its lease ended finds out before it does anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from k8sboot.errors import Locked
from k8sboot.paths import RUN_DIR, WORK
from k8sboot.scripts import render

LEASE = 180
"""Seconds for which a run holds a host beyond the end of its script; a lost controller is waited for so long."""
RENEW = 45.0
"""Seconds after which an idle run renews its lease."""
REFUSED, NO_ROOM = 76, 73
SAID = "k8sboot-lock:"
_LINE = re.compile(r"[^\n]*\Z")


@dataclass(frozen=True)
class Claim:
    """Who wants to alter hosts. run: a word of its own. told: user, machine, pid, time and command, for people.

    seat: a word for the place the run was started from, where a lock lets only one run be alive: another run of
    the same seat is known to be dead. '' where there is no such place.
    """

    run: str
    told: str
    origin: str = ""

    def __post_init__(self) -> None:
        for word in (self.run, self.told, self.origin):
            if not _LINE.match(word):
                raise ValueError("a claim is told in one line")


def held(script: str, claim: Claim, *, timeout: float) -> str:
    """The script, run only where the claim holds the host or may take it; ends with REFUSED or NO_ROOM where not."""
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
    """Take or renew the lease, and do nothing else."""
    return held(":", claim, timeout=0)


def release(claim: Claim) -> str:
    """Give the lease back, if it is still this run's."""
    return render("release", DIR=RUN_DIR, RUN=claim.run, REFUSED=REFUSED)


def refusal(said: str, host: str) -> Locked:
    """The error for what a refused script said on stderr."""
    line = next((x for x in said.splitlines() if x.startswith(SAID)), "")
    kind, _, rest = line.removeprefix(SAID).strip().partition(" ")
    if kind == "lease":
        seconds, _, told = rest.partition(" ")
        return locked(told, host, f"it is given {seconds} s more to show that it is alive")
    if kind == "work":
        return locked(rest, host, "that run is gone, but what it began there is still at work")
    return locked("", host, line.removeprefix(SAID).strip() or "its lock cannot be taken")


def locked(told: str, host: str, why: str) -> Locked:
    """Somebody else's run. told: who that is."""
    return Locked(
        "another run of k8sboot is at work" + (f": {told}" if told else ""),
        why=why,
        fix="wait until it has ended, or end it there with ^C; a run that died is let go of by itself, "
        "nothing has to be removed by hand",
        host=host,
    )


@dataclass(frozen=True)
class Holder:
    """Who held a host when it was probed. seconds: what is left of the lease, 0 or less when it has ended."""

    run: str
    origin: str
    seconds: int
    told: str

    def is_foreign_to(self, claim: Claim) -> bool:
        """Another run, which may be alive."""
        dead = self.seconds <= 0 or (claim.origin and self.origin == claim.origin)
        return self.run != claim.run and not dead


def holder(lock: str) -> Holder | None:
    """The holder out of what the probe tells: the uptime, then the lock's two lines. None where nobody is."""
    lines = lock.split("\n")
    words = lines[1].split() if len(lines) > 2 else []
    if len(words) != 3 or not words[2].isdigit() or not lines[0].isdigit():
        return None
    return Holder(words[0], words[1], int(words[2]) - int(lines[0]), lines[2])
