"""k8sboot plan."""

from __future__ import annotations

import click

from k8sboot.cli import options
from k8sboot.cli.choose import between, part_of_up
from k8sboot.cli.options import common


@click.command("plan")
@common
@part_of_up
@options.limit
@options.forks
@options.output("Format of the plan on stdout.")
@click.option(
    "--out",
    metavar="FILE",
    callback=options.file_to_write,
    help="Save the plan to a file, for `k8sboot up --plan`, and print its SHA-256.",
)
@click.option(
    "--exit-code",
    "has_exit_code",
    is_flag=True,
    help="Exit with 5 when something would change, or is not known yet; else with 6 when the cluster differs from the "
    "inventory in what `up` does not change.",
)
@click.pass_context
def command(
    context: click.Context,
    *,
    first: str | None,
    last: str | None,
    skip: tuple[str, ...],
    limit: tuple[str, ...],
    forks: int,
    output: str,
    out: str | None,
    has_exit_code: bool,
) -> None:
    """Show what `k8sboot up` would change, without changing anything. Plan to stdout, progress to stderr."""
    from k8sboot.cli.reading import hosts_of, read_inventory

    names = between(first=first, last=last, skip=skip)
    spec = read_inventory(context).spec
    chosen = hosts_of(spec, limit)
    from k8sboot.cli.planning import make_plan  # late: a broken inventory ends here without it

    code, detailed = make_plan(context, spec, names, limit=chosen, forks=forks, output=output, out=out)
    context.exit(detailed if has_exit_code else code)
