"""k8sboot reset."""

from __future__ import annotations

import sys

import click

from k8sboot.cli import options
from k8sboot.cli.options import common
from k8sboot.cli.wiring import hosts_of, read_inventory, run
from k8sboot.errors import UsageError
from k8sboot.inventory.model import Spec
from k8sboot.run.runner import Options
from k8sboot.run.session import RunRequest
from k8sboot.runbook import RESET, RESET_WITH_OS


@click.command("reset")
@common
@options.limit
@options.forks
@options.yes
@click.option(
    "--restore-os",
    is_flag=True,
    help="Also restore the files, units, swap and settings from before k8sboot; packages stay.",
)
@click.option("--dry-run", is_flag=True, help="Show what would change, without changing anything.")
@click.pass_context
def command(
    context: click.Context, *, limit: tuple[str, ...], forks: int, yes: bool, restore_os: bool, dry_run: bool
) -> None:
    """Remove Kubernetes from the hosts. This destroys the cluster and its data."""
    spec = read_inventory(context).spec
    chosen = hosts_of(spec, limit)
    refuse_headless(spec, chosen)
    if not yes and not dry_run:
        _ask(spec, chosen, restores=restore_os)
    phases = RESET_WITH_OS if restore_os else RESET
    options = Options(forks=forks, is_dry=dry_run)
    run(context, spec, RunRequest("reset", phases, chosen, options, needs_certificates=False))


def refuse_headless(spec: Spec, chosen: frozenset[str] | None) -> None:
    """Raises UsageError where the first master goes and other masters stay: `up` would then create a new cluster."""
    first, *others = spec.masters
    if chosen and first.name in chosen and any(master.name not in chosen for master in others):
        raise UsageError(
            f"cannot reset {first.name}: it is the first master, and other masters stay",
            why="k8sboot manages the cluster through the first master of the inventory",
            fix="list another master first and point controlPlaneEndpoint away from this one, then run again",
        )


def _ask(spec: Spec, chosen: frozenset[str] | None, *, restores: bool) -> None:
    name = spec.cluster.name
    if not sys.stdin.isatty():
        raise UsageError(
            "reset destroys the cluster and requires a confirmation, but stdin is not a terminal",
            fix="add --yes to confirm",
        )
    hosts = ", ".join(h.name for h in spec.hosts if chosen is None or h.name in chosen)
    more = ", and restores their original settings" if restores else ""
    click.echo(f"This removes Kubernetes and its data from {hosts}{more}.", err=True)
    if click.prompt(f"Type the cluster's name ({name}) to continue", err=True) != name:
        raise UsageError("that is not the cluster's name", fix="run again and type it; nothing was changed")
