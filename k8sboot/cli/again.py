"""`up --failed`: the hosts that the last run did not finish."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from k8sboot.errors import K8sbootError, Locked, UsageError
from k8sboot.inventory.model import Spec
from k8sboot.journal.store import StoredRun, latest

COMMANDS = ("up", "phase")
"""Commands whose unfinished hosts can be repeated."""


def hosts_to_repeat(spec: Spec) -> frozenset[str]:
    """The hosts that the cluster's last run left unfinished, named on stderr; none when all are finished.

    UsageError where no run is stored here, Locked while it is active.
    """
    name = spec.cluster.name
    found = latest(name, COMMANDS)
    if found is None:
        raise UsageError(f"no run of {name} is stored on this machine", fix="run `k8sboot up`")
    run, summary = found
    if run.is_alive:
        raise Locked(
            f"run {run.name} of {name} is still active",
            fix="wait for its end; `k8sboot history latest` shows its progress",
        )
    known = {h.name for h in spec.hosts}
    chosen = [host for host in summary.unfinished if host in known]
    gone = [host for host in summary.unfinished if host not in known]
    if gone:
        click.echo(f"skipped, no longer in the inventory: {', '.join(gone)}", err=True)
    if chosen:
        click.echo(f"continuing run {run.name} on {', '.join(chosen)}", err=True)
    else:
        click.echo(f"nothing to repeat: run {run.name} finished all hosts", err=True)
    return frozenset(chosen)


def command_to_repeat(journal: str, *, inventory: str | None) -> str:
    """The command for the hosts that a run left unfinished; '' where that would be all of them or none."""
    if not journal:
        return ""
    try:
        summary = StoredRun(Path(journal).parent, is_alive=False).summary()
    except K8sbootError:
        return ""
    if summary.is_dry or not 0 < len(summary.unfinished) < len(summary.limit or summary.hosts):
        return ""
    return shlex.join(["k8sboot", "up", "--failed", *(["-i", inventory] if inventory else [])])
