"""k8sboot reset."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import click

from k8sboot.cli import options
from k8sboot.cli.options import common
from k8sboot.errors import UsageError

if TYPE_CHECKING:
    from k8sboot.inventory.model import Spec


def _fingerprint(context: click.Context, parameter: click.Parameter, value: str | None) -> str:
    """A cluster's identity in the form of the messages; '' where it is not given."""
    found = re.fullmatch(r"sha256:([0-9a-f]{64})", (value or "").strip().lower())
    if value and not found:
        raise UsageError(
            f"--foreign {value}: not a fingerprint of a CA",
            fix="give it as SHA256: and 64 hexadecimal digits, as the error KB-FOREIGN-CLUSTER shows it",
        )
    return f"SHA256:{found[1]}" if found else ""


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
@click.option(
    "--foreign",
    metavar="FINGERPRINT",
    callback=_fingerprint,
    help="Reset the machines of another cluster, the one with this CA (SHA256:...), and no others.",
)
@click.option("--dry-run", is_flag=True, help="Show what would change, without changing anything.")
@click.pass_context
def command(
    context: click.Context,
    *,
    limit: tuple[str, ...],
    forks: int,
    yes: bool,
    restore_os: bool,
    foreign: str,
    dry_run: bool,
) -> None:
    """Remove Kubernetes from the hosts. This destroys the cluster and its data."""
    from k8sboot.cli.reading import hosts_of, read_inventory

    spec = read_inventory(context).spec
    chosen = hosts_of(spec, limit)
    if not foreign:
        refuse_headless(spec, chosen)
    if not yes and not dry_run:
        _ask(spec, chosen, restores=restore_os)
    from k8sboot.cli.wiring import run  # late: a broken inventory ends here without them
    from k8sboot.run.runner import Options
    from k8sboot.run.session import RunRequest
    from k8sboot.runbook import RESET, RESET_FOREIGN, RESET_FOREIGN_WITH_OS, RESET_WITH_OS

    phases = RESET_WITH_OS if restore_os else RESET
    if foreign:
        phases = RESET_FOREIGN_WITH_OS if restore_os else RESET_FOREIGN
    options_ = Options(forks=forks, is_dry=dry_run)
    run(
        context,
        spec,
        RunRequest("reset", phases, chosen, options_, needs_certificates=False, foreign=foreign),
    )


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
