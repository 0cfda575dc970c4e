"""k8sboot phase."""

from __future__ import annotations

import click

from k8sboot.cli import options
from k8sboot.cli.choose import complete_phase, find
from k8sboot.cli.options import common
from k8sboot.cli.wiring import hosts_of, read_inventory, run
from k8sboot.errors import UsageError
from k8sboot.run.request import RunRequest
from k8sboot.run.runner import Options
from k8sboot.runbook import UP, with_settling


@click.command("phase")
@common
@click.argument("names", nargs=-1, metavar="NAME...", shell_complete=complete_phase)
@click.option("--list", "is_list", is_flag=True, help="Name the phases in order and leave.")
@click.option("--dry-run", is_flag=True, help="Show what would be done; alter nothing.")
@options.limit
@options.forks
@click.pass_context
def command(
    context: click.Context,
    *,
    names: tuple[str, ...],
    is_list: bool,
    dry_run: bool,
    limit: tuple[str, ...],
    forks: int,
) -> None:
    """Run single phases, in the runbook's order, or list them."""
    if is_list:
        for phase in UP:
            click.echo(f"{phase.name:<18} {phase.title}")
        return
    if not names:
        raise UsageError("no phase is named", fix="`k8sboot phase --list` names them")
    wanted = sorted({find(UP, name) for name in names})
    spec = read_inventory(context).spec
    options_ = Options(forks=forks, is_dry=dry_run)
    phases = with_settling(tuple(UP[i] for i in wanted))
    run(context, spec, RunRequest("phase", phases, hosts_of(spec, limit), options_))
