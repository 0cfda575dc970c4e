"""k8sboot smoke."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

import click

from k8sboot.cli import options
from k8sboot.cli.options import common, option_value
from k8sboot.errors import UsageError

if TYPE_CHECKING:
    from k8sboot.inventory.model import Spec


def known(context: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """The rows of --only; UsageError with similar names for one that does not exist."""
    names = options.names(context, parameter, value)
    if not names:
        return names
    from k8sboot.phases.smoke import TITLES

    for name in (each for each in names if each not in TITLES):
        near = get_close_matches(name, TITLES)
        raise UsageError(
            f"--only {name}: the smoke test has no such row",
            fix=f"did you mean {near[0]!r}?" if near else "`k8sboot smoke --list` shows its rows",
        )
    return names


@click.command("smoke")
@common
@click.option("--only", multiple=True, callback=known, metavar="ROW,...", help="Only these rows.")
@click.option("--list", "is_list", is_flag=True, help="List the rows and exit.")
@click.option(
    "--junit", metavar="FILE", type=click.Path(dir_okay=False), help="Also write JUnit XML to a file."
)
@options.output()
@click.pass_context
def command(
    context: click.Context, *, only: tuple[str, ...], is_list: bool, junit: str | None, output: str
) -> None:
    """Try what a new cluster must be able to do, in a namespace of its own, which is removed afterwards.

    Other workloads are left alone. Exits with 1 if a row fails.
    """
    if is_list:
        from k8sboot.phases.smoke import TITLES
        from k8sboot.text.table import table

        for line in table(TITLES.items()):
            click.echo(line)
        return
    from k8sboot.cli.reading import read_inventory

    context.exit(try_cluster(context, read_inventory(context).spec, only=only, output=output, junit=junit))


def try_cluster(
    context: click.Context,
    spec: Spec,
    *,
    only: tuple[str, ...] = (),
    output: str = "text",
    junit: str | None = None,
) -> int:
    """Run the smoke test and show its rows; its exit code. junit: a file for JUnit's XML."""
    from k8sboot.cli.smoke_report import Report
    from k8sboot.cli.wiring import carry_out
    from k8sboot.phases.smoke import smoke_phases
    from k8sboot.run.session import RunRequest

    report = Report(spec.cluster.name)
    code = carry_out(context, spec, RunRequest("smoke", smoke_phases(only)), also=report)
    report.write(output, junit, is_quiet=bool(option_value(context, "quiet")))
    return code
