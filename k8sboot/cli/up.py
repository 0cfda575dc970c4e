"""k8sboot up."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from k8sboot.cli import options
from k8sboot.cli.choose import between, part_of_up
from k8sboot.cli.options import common
from k8sboot.errors import UsageError

if TYPE_CHECKING:
    from k8sboot.cli.saved_plan import SavedPlan


def _sum(context: click.Context, parameter: click.Parameter, value: str | None) -> str:
    if value is not None and not re.fullmatch("[0-9A-Fa-f]{64}", value):
        raise UsageError(
            f"--sha256 {value}: not a SHA-256",
            fix="give the 64 hexadecimal digits that `k8sboot plan --out FILE` printed",
        )
    return value or ""


def _saved(plan_file: str | None, *, sha256: str, is_dry: bool, is_repeated: bool) -> SavedPlan | None:
    if plan_file:
        from k8sboot.cli.saved_plan import SavedPlan

        return SavedPlan.read(plan_file, sha256=sha256, is_dry=is_dry, is_repeated=is_repeated)
    if sha256:
        raise UsageError("--sha256 without --plan", fix="name the plan's file: `--plan FILE`")
    return None


@click.command("up")
@common
@part_of_up
@click.option("--dry-run", is_flag=True, help="Show what would change, without changing anything.")
@click.option("--failed", is_flag=True, help="Only hosts that the last `up` or `phase` did not finish.")
@click.option("--plan", "plan_file", metavar="FILE", help="Apply this plan, if it is still valid.")
@click.option(
    "--sha256", metavar="DIGEST", callback=_sum, help="With --plan: only the file that has this SHA-256."
)
@click.option("--smoke", is_flag=True, help="Then run `k8sboot smoke`, if everything has succeeded.")
@options.limit
@options.forks
@options.yes
@click.option("--timings", is_flag=True, help="At the end, show the critical path: what the run waited for.")
@click.pass_context
def command(
    context: click.Context,
    *,
    first: str | None,
    last: str | None,
    skip: tuple[str, ...],
    dry_run: bool,
    failed: bool,
    plan_file: str | None,
    sha256: str,
    smoke: bool,
    limit: tuple[str, ...],
    forks: int,
    yes: bool,
    timings: bool,
) -> None:
    """Create the inventory's cluster, or complete it.

    Run it as often as you like: it changes only what differs, and continues a run that was interrupted.
    """
    from k8sboot.cli.reading import read_inventory

    names = between(first=first, last=last, skip=skip)
    saved = _saved(plan_file, sha256=sha256, is_dry=dry_run, is_repeated=failed)
    spec = read_inventory(context).spec
    if failed and limit:
        raise UsageError("--failed and --limit contradict each other", fix="remove one of them")
    from k8sboot.cli.applying import Wanted, apply  # late: a broken inventory ends here without it

    is_part = bool(first or last or skip)
    wanted = Wanted(
        names, limit, forks, saved, is_part=is_part, is_dry=dry_run, is_repeated=failed, is_sure=yes
    )
    context.exit(apply(context, spec, wanted, has_timings=timings, is_tried=smoke))
