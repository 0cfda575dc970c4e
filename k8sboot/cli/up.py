"""k8sboot up."""

from __future__ import annotations

import re
import shlex
import sys
from dataclasses import replace

import click

from k8sboot.cli import options
from k8sboot.cli.again import hosts_to_repeat
from k8sboot.cli.choose import between, part_of_up
from k8sboot.cli.options import common
from k8sboot.cli.saved_plan import SavedPlan
from k8sboot.cli.smoke import try_cluster
from k8sboot.cli.wiring import carry_out, hosts_of, read_inventory
from k8sboot.errors import UsageError
from k8sboot.inventory.model import Spec
from k8sboot.run.runner import Options
from k8sboot.run.session import RunRequest
from k8sboot.runbook import UP


def _sum(context: click.Context, parameter: click.Parameter, value: str | None) -> str:
    if value is not None and not re.fullmatch("[0-9A-Fa-f]{64}", value):
        raise UsageError(
            f"--sha256 {value}: not a SHA-256",
            fix="give the 64 hexadecimal digits that `k8sboot plan --out FILE` printed",
        )
    return value or ""


def _saved(plan_file: str | None, *, sha256: str, is_dry: bool, is_repeated: bool) -> SavedPlan | None:
    if plan_file:
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
    phases = between(UP, first=first, last=last, skip=skip)
    saved = _saved(plan_file, sha256=sha256, is_dry=dry_run, is_repeated=failed)
    spec = read_inventory(context).spec
    if failed and limit:
        raise UsageError("--failed and --limit contradict each other", fix="remove one of them")
    chosen = hosts_to_repeat(spec) if failed else hosts_of(spec, limit)
    if failed and not chosen:
        return
    if saved:
        phases = saved.phases(phases if first or last or skip else None)
        chosen = saved.limit(spec, chosen)
    plan = RunRequest("up", phases, chosen, Options(forks=forks, is_dry=dry_run))
    if saved:
        plan = replace(plan, plan_check=saved.check(spec, plan))
    if not yes and not dry_run and sys.stdin.isatty():
        click.confirm(
            f"Work on {', '.join(h.name for h in plan.hosts(spec))}?", default=True, abort=True, err=True
        )
    code = carry_out(context, spec, plan, has_timings=timings)
    context.exit(code or _accept(context, spec, plan, is_tried=smoke))


def _accept(context: click.Context, spec: Spec, done: RunRequest, *, is_tried: bool) -> int:
    """Run the smoke test, or name it where `up` has come to its end; the exit code."""
    if done.options.is_dry:
        return 0
    if is_tried:
        return try_cluster(context, spec)
    if UP[-1] in done.phases and not options.option_value(context, "quiet"):
        from k8sboot.console import print_next

        inventory = options.option_value(context, "inventory")
        print_next(sys.stderr, shlex.join(["k8sboot", "smoke", *(["-i", inventory] if inventory else [])]))
    return 0
