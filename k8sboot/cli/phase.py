"""k8sboot phase."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from k8sboot.cli import options
from k8sboot.cli.choose import complete_phase, find, phases_of
from k8sboot.cli.options import common, inventory_path, option_value
from k8sboot.cli.phase_titles import TITLES
from k8sboot.errors import K8sbootError, UsageError

if TYPE_CHECKING:
    from k8sboot.inventory.model import Spec
    from k8sboot.phase import Phase


@click.command("phase")
@common
@click.argument("names", nargs=-1, metavar="NAME...", shell_complete=complete_phase)
@click.option("--list", "is_list", is_flag=True, help="List the phases in order and exit.")
@click.option("--dry-run", is_flag=True, help="Show what would be done; change nothing.")
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
    """Run single phases, in the order of the runbook, or list them."""
    if is_list:
        _list(context)
        return
    if not names:
        raise UsageError("a phase is missing", fix="name at least one; `k8sboot phase --list` shows them")
    for name in names:
        find(name)
    from k8sboot.cli.reading import hosts_of, read_inventory

    spec = read_inventory(context).spec
    from k8sboot.cli.wiring import run  # late: a broken inventory ends here without them
    from k8sboot.run.runner import Options
    from k8sboot.run.session import RunRequest
    from k8sboot.runbook import with_settling

    phases = with_settling(phases_of(names))
    for phase in phases:
        if (why := phase.does_not_apply(spec)) and not option_value(context, "quiet"):
            click.echo(f"phase {phase.name} does not apply: {why}", err=True)
    options_ = Options(forks=forks, is_dry=dry_run)
    run(context, spec, RunRequest("phase", phases, hosts_of(spec, limit), options_))


def _list(context: click.Context) -> None:
    from k8sboot.text.table import table

    spec = _spec_to_list(context)
    phases = phases_of(TITLES)
    for line in table((phase.name, f"{phase.title}{_condition(phase, spec)}") for phase in phases):
        click.echo(line)


def _spec_to_list(context: click.Context) -> Spec | None:
    """The inventory, None where there is no valid one: listing works without."""
    from k8sboot.inventory.load import load
    from k8sboot.inventory.source import STDIN

    path = inventory_path(context)
    try:
        return None if path == STDIN else load(path, resolve_secrets=False).spec
    except K8sbootError:
        return None


def _condition(phase: Phase, spec: Spec | None) -> str:
    """Why the phase does not apply, or would not where no inventory is at hand; '' for one that applies."""
    if spec is None:
        return f" (does not apply if {phase.when.otherwise})" if phase.when else ""
    why = phase.does_not_apply(spec)
    return f" (does not apply: {why})" if why else ""
