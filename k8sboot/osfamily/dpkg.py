"""dpkg on a host: what an interrupted transaction left, its repair, and what a simulated one would do."""

from __future__ import annotations

import re

from k8sboot.host.host import Host
from k8sboot.host.peer import Peer
from k8sboot.host.reads import Question
from k8sboot.osfamily.apt import APT_GET, RETRIES
from k8sboot.osfamily.deb_versions import compare
from k8sboot.osfamily.family import Outcome
from k8sboot.scripts import render

HEALTH = Question("dpkg-health", render("dpkg-health"), shares=True)
REPAIR = render("dpkg-repair")
REINSTALL = render("dpkg-reinstall")
REPAIRING = (*APT_GET, *RETRIES, "-y", "--no-remove")

_INSTALLED = re.compile(r"(?m)^Inst (\S+) \[(\S+)\] \((\S+)")
_REMOVED = re.compile(r"(?m)^(?:Remv|Purg) (\S+)(?: \[(\S+)\])?")


def interrupted(host: Peer) -> str:
    """What an interrupted transaction left and what becomes of it, in words; '' for nothing."""
    lines = host.answer(HEALTH).text.splitlines()
    half = sorted({line.removeprefix("package ") for line in lines if line.startswith("package ")})
    if half:
        return f"half-installed packages will be repaired: {', '.join(half)}"
    return "dpkg was stopped while it wrote its database, which will be repaired" if lines else ""


def repair(host: Host) -> None:
    """Report and repair what an interrupted transaction left behind, whoever began it."""
    found = interrupted(host)
    if not found:
        return
    host.notice("KB-PACKAGES-BROKEN", found)
    host.change(
        "repair an interrupted package transaction",
        host.downloads(["sh", "-c", REPAIR, "dpkg-repair"]),
        host.downloads([*REPAIRING, "-f", "install"]),
        host.downloads(["sh", "-c", REINSTALL, "dpkg-reinstall", *REPAIRING]),
        timeout=1800,
        job=True,
        check=lambda: interrupted(host).replace("will be", "cannot be"),
    )


def outcome(simulation: str) -> Outcome:
    """What a simulation of apt-get's would do to installed packages."""
    older = {name: new for name, old, new in _INSTALLED.findall(simulation) if compare(new, old) < 0}
    return Outcome(removed=dict(_REMOVED.findall(simulation)), older=older)
