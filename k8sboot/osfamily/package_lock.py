"""Wait for other users of the package manager, naming them, before starting k8sboot's own job."""

from __future__ import annotations

from k8sboot.host.host import Host
from k8sboot.host.peer import Command
from k8sboot.scripts import render

LOCK_WAIT = 900

APT_HOLDER = ("sh", "-c", render("apt-lock-holder"), "apt-lock-holder")


def wait_for(host: Host, holder: Command) -> None:
    """Wait until no other program uses the package manager. holder: a script that prints it, with its process id."""
    found = host.ask(holder).text.strip()
    if found:
        host.wait(
            f"the package manager, held by {found}",
            lambda: f"held by {now}" if (now := host.ask(holder).text.strip()) else "",
            timeout=LOCK_WAIT,
        )
