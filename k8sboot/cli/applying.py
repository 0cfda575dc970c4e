"""What `k8sboot up` does with an inventory that is valid."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Collection
from dataclasses import KW_ONLY, dataclass, replace

import click

from k8sboot.cli.again import hosts_to_repeat
from k8sboot.cli.choose import phases_of
from k8sboot.cli.options import option_value
from k8sboot.cli.reading import hosts_of
from k8sboot.cli.saved_plan import SavedPlan
from k8sboot.cli.smoke import try_cluster
from k8sboot.cli.wiring import carry_out
from k8sboot.console.failures import print_next
from k8sboot.inventory.model import Spec
from k8sboot.run.runner import Options
from k8sboot.run.session import RunRequest
from k8sboot.runbook import UP


@dataclass(frozen=True)
class Wanted:
    """The command line of `up`. is_part: it names phases. is_sure: it is not asked for a confirmation."""

    names: Collection[str]
    limit: tuple[str, ...]
    forks: int
    saved: SavedPlan | None
    _: KW_ONLY
    is_part: bool
    is_dry: bool
    is_repeated: bool
    is_sure: bool


def apply(context: click.Context, spec: Spec, wanted: Wanted, *, has_timings: bool, is_tried: bool) -> int:
    """Create or complete the cluster; the exit code. is_tried: then run the smoke test."""
    plan = _request(spec, wanted)
    if plan is None:
        return 0
    if not wanted.is_sure and not wanted.is_dry and sys.stdin.isatty():
        click.confirm(
            f"Work on {', '.join(h.name for h in plan.hosts(spec))}?", default=True, abort=True, err=True
        )
    code = carry_out(context, spec, plan, has_timings=has_timings)
    return code or _accept(context, spec, plan, is_tried=is_tried)


def _request(spec: Spec, wanted: Wanted) -> RunRequest | None:
    """The run, None where there is no host to repeat."""
    phases, saved = phases_of(wanted.names), wanted.saved
    chosen = hosts_to_repeat(spec) if wanted.is_repeated else hosts_of(spec, wanted.limit)
    if wanted.is_repeated and not chosen:
        return None
    if saved:
        phases = saved.phases(phases if wanted.is_part else None)
        chosen = saved.limit(spec, chosen)
    plan = RunRequest("up", phases, chosen, Options(forks=wanted.forks, is_dry=wanted.is_dry))
    return replace(plan, plan_check=saved.check(spec, plan)) if saved else plan


def _accept(context: click.Context, spec: Spec, done: RunRequest, *, is_tried: bool) -> int:
    """Run the smoke test, or name it where `up` has come to its end; the exit code."""
    if done.options.is_dry:
        return 0
    if is_tried:
        return try_cluster(context, spec)
    if UP[-1] in done.phases and not option_value(context, "quiet"):
        inventory = option_value(context, "inventory")
        print_next(sys.stderr, shlex.join(["k8sboot", "smoke", *(["-i", inventory] if inventory else [])]))
    return 0
