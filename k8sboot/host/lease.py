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
from k8sboot.paths import ONCE_DIR, RUN_DIR, WORK
from k8sboot.scripts import render
from k8sboot.ssh.connection import Script, text_of
from k8sboot.text.numbers import whole

LEASE = 180
"""Seconds for which a lease lasts beyond the end of a script; a lost controller is waited for as long."""
RENEW = 45.0
"""Seconds after which an idle run renews its lease."""
REFUSED, NO_ROOM = 76, 73
REFUSAL = "k8sboot-lock:"
"""Prefix of the line on stderr that says which run holds the host."""
_LINE = re.compile(r"[^\n]*\Z")


@dataclass(frozen=True)
class Claim:
    """The run that is to change hosts. run: its id. who: user, machine, pid, time and command, for people.

    origin: an id of the place the run was started from, where a lock admits only one run: another run of the same
    origin is known to be dead. '' if there is no such place.
    """

    run: str
    who: str
    origin: str = ""

    def __post_init__(self) -> None:
        for word in (self.run, self.who, self.origin):
            if not _LINE.match(word):
                raise ValueError("a claim must be one line")


@dataclass(frozen=True)
class Held:
    """A script that runs only if the claim holds the host or may acquire it; otherwise exits with REFUSED or NO_ROOM.

    timeout: seconds that the script may take; the lease lasts LEASE seconds longer.
    """

    script: Script
    claim: Claim
    timeout: float

    @property
    def seconds(self) -> int:
        """How long the lease lasts."""
        return int(self.timeout) + LEASE

    def render(self) -> str:
        """The text for /bin/sh."""
        claim = self.claim
        values = {
            "DIR": RUN_DIR,
            "WORK": WORK,
            "RUN": claim.run,
            "ORIGIN": claim.origin or "-",
            "WHO": claim.who,
        }
        ends = {"LASTS": self.seconds, "REFUSED": REFUSED, "NO_ROOM": NO_ROOM}
        return render("lease", text_of(self.script), SAID=REFUSAL, **values, **ends)


def take(claim: Claim) -> Held:
    """Acquire or renew the lease, and do nothing else."""
    return Held(":", claim, timeout=0)


@dataclass(frozen=True)
class Release:
    """Release the lease, if it is still this run's, and remove the output of its last short change."""

    claim: Claim

    def render(self) -> str:
        """The text for /bin/sh."""
        return render("release", DIR=RUN_DIR, RUN=self.claim.run, REFUSED=REFUSED, ALL=ONCE_DIR)


def refusal(stderr: str, host: str) -> Locked:
    """The error for the stderr of a refused script."""
    line = next((x for x in stderr.splitlines() if x.startswith(REFUSAL)), "")
    kind, _, rest = line.removeprefix(REFUSAL).strip().partition(" ")
    if kind == "lease":
        seconds, _, who = rest.partition(" ")
        return locked(who, host, expiry(seconds))
    if kind == "work":
        return locked(rest, host, "that run has ended, but its job or script is still running there")
    return locked("", host, line.removeprefix(REFUSAL).strip() or "its lock cannot be acquired")


def expiry(seconds: int | str) -> str:
    """When another run's lease expires."""
    return f"its lease expires in {seconds} s unless renewed"


def locked(who: str, host: str, why: str) -> Locked:
    """The error for another run. who: its description."""
    return Locked(
        "another run of k8sboot is active" + (f": {who}" if who else ""),
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
    who: str

    def is_foreign_to(self, claim: Claim) -> bool:
        """Whether this is another run, which may be alive."""
        dead = self.seconds <= 0 or (claim.origin and self.origin == claim.origin)
        return self.run != claim.run and not dead


def holder(lock: str) -> Holder | None:
    """Parse the holder from the probe's output: the uptime, then the lock's two lines. None if there is none."""
    lines = lock.split("\n")
    words = lines[1].split() if len(lines) > 2 else []
    now, end = whole(lines[0]), whole(words[2]) if len(words) == 3 else None
    if now is None or end is None:
        return None
    return Holder(words[0], words[1], end - now, lines[2])
