"""`up --failed`: the hosts that the last run did not bring to its end."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from k8sboot.errors import K8sbootError, Locked, UsageError
from k8sboot.inventory.model import Spec
from k8sboot.journal.store import StoredRun, latest

COMMANDS = ("up", "phase")
"""Those whose hosts can be repeated."""


def hosts_to_repeat(spec: Spec) -> frozenset[str]:
    """The hosts that the cluster's last run left unfinished, which are named on stderr; none when all is well.

    UsageError where no run is kept here, Locked while it is still at work.
    """
    name = spec.cluster.name
    found = latest(name, COMMANDS)
    if found is None:
        raise UsageError(f"no run of {name} is kept here that could be repeated", fix="run `k8sboot up`")
    run, story = found
    if run.is_alive:
        raise Locked(
            f"run {run.name} of {name} is still at work",
            fix="wait for its end, or look: `k8sboot history latest`",
        )
    known = {h.name for h in spec.hosts}
    chosen = [host for host in story.unfinished if host in known]
    gone = [host for host in story.unfinished if host not in known]
    if gone:
        click.echo(f"left out, no longer in the inventory: {', '.join(gone)}", err=True)
    if chosen:
        click.echo(f"repeating what run {run.name} did not finish, on {', '.join(chosen)}", err=True)
    else:
        click.echo(f"nothing to repeat: no host failed in run {run.name}", err=True)
    return frozenset(chosen)


def command_to_repeat(journal: str, *, inventory: str | None) -> str:
    """How to go on where some hosts of the run are unfinished and others are not; '' where that is no help."""
    if not journal:
        return ""
    try:
        story = StoredRun(Path(journal).parent, is_alive=False).story()
    except K8sbootError:
        return ""
    if story.is_dry or not 0 < len(story.unfinished) < len(story.limit or story.hosts):
        return ""
    return shlex.join(["k8sboot", "up", "--failed", *(["-i", inventory] if inventory else [])])
