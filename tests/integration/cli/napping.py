"""The command line with a runbook of naps instead of a cluster: `python napping.py ARGUMENT...`.

$NAP is a folder in which the naps leave files, $NAP_SECONDS is how long they take.
"""

from __future__ import annotations

import os
from typing import NoReturn

from k8sboot import runbook
from k8sboot.cli import phase_titles
from k8sboot.cluster import Cluster
from k8sboot.host.host import Host
from k8sboot.inventory.model import Spec
from k8sboot.phase import everyone, phase

FOLDER = os.environ.get("NAP", "")
SECONDS = os.environ.get("NAP_SECONDS", "0")


@phase(on=everyone)
def nap(_cluster: Cluster, host: Host) -> None:
    """Sleep in a job that outlives the connection."""
    script = f"echo x >> {FOLDER}/begun; echo snoring; sleep {SECONDS}; touch {FOLDER}/ended"
    host.change("take a nap", ["sh", "-c", script], timeout=120, job=True)


@phase(on=everyone, after=("nap",))
def wake(_cluster: Cluster, host: Host) -> None:
    """Leave a file."""
    host.change("wake up", ["touch", f"{FOLDER}/woken"])


@phase(on=everyone)
def fail(_cluster: Cluster, host: Host) -> None:
    """Fail after a lot of output."""
    host.change("fail", ["sh", "-c", r"seq 100; printf '\033]0;owned\007[/red]\n'; exit 7"], job=True)


@phase(on=everyone)
def shout(_cluster: Cluster, host: Host) -> None:
    """Say what no terminal should be told."""
    script = (
        r"printf 'a\033[2Jb\000c\377d\n'; head -c 500000 /dev/zero | tr '\0' x; printf '\n\033]0;owned\007'"
    )
    host.change("shout", ["sh", "-c", script], job=True)


@phase(on=everyone)
def stumble(_cluster: Cluster, _host: Host) -> None:
    """Make a mistake in a host's thread."""
    raise KeyError("stumbled")


def _trip(_spec: Spec) -> NoReturn:
    raise KeyError("tripped")


@phase(on=everyone, reads=_trip)
def trip(_cluster: Cluster, _host: Host) -> None:
    """Make a mistake in the main thread, before it comes to this."""


runbook.UP = (nap, wake, fail, shout, stumble, trip)
phase_titles.TITLES = {each.name: each.title for each in runbook.UP}

if __name__ == "__main__":
    from k8sboot.cli.main import main

    main()
