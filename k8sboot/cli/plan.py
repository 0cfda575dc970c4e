"""k8sboot plan."""

from __future__ import annotations

import json
import shlex
import sys

import click

from k8sboot.cli import options
from k8sboot.cli.choose import between, part_of_up
from k8sboot.cli.masking import redactor
from k8sboot.cli.options import common, option_value
from k8sboot.cli.wiring import carry_out, hosts_of, read_inventory
from k8sboot.inventory.model import Spec
from k8sboot.phase import Phase
from k8sboot.plans import Document, Recorder, write_plan
from k8sboot.run.runner import Options
from k8sboot.run.session import RunRequest
from k8sboot.runbook import UP

WOULD_CHANGE = 5
"""Exit code with --exit-code: something would change, or might."""
DIFFERS = 6
"""Exit code with --exit-code: nothing would change, though the cluster differs from the inventory."""


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
    phases = between(UP, first=first, last=last, skip=skip)
    spec = read_inventory(context).spec
    plan = RunRequest("plan", phases, hosts_of(spec, limit), Options(forks=forks, is_dry=True))
    recorder = Recorder(plan.hosts(spec), [phase.name for phase in phases], redactor(spec))
    code = carry_out(context, spec, plan, recorder=recorder)
    if code > 128:
        context.exit(code)
    found = recorder.document(spec, limit=plan.limit)
    if output == "json":
        click.echo(json.dumps(found.as_json(), indent=1))
    else:
        is_full = option_value(context, "verbose", 0) > 0
        click.echo(_as_text(found, spec, phases, is_full=is_full), nl=False, color=True)
    if out and code:
        click.echo(f"not saved to {out}: the plan is incomplete", err=True)
    elif out:
        digest = write_plan(out, found)
        click.echo(f"saved to {out} (SHA-256 {digest})", err=True)
        click.echo(f"apply it with `k8sboot up --plan {shlex.quote(out)} --sha256 {digest}`", err=True)
    context.exit(code or (_exit_code(found) if has_exit_code else 0))


def _exit_code(plan: Document) -> int:
    """What `up` changes comes first: after it, the next plan shows what still differs."""
    if plan.changes or plan.unknown:
        return WOULD_CHANGE
    return DIFFERS if plan.differs else 0


def _as_text(plan: Document, spec: Spec, phases: tuple[Phase, ...], *, is_full: bool) -> str:
    from k8sboot.console import show_plan

    titles = {phase.name: phase.title for phase in phases}
    left_out = {phase.name: why for phase in phases if (why := phase.does_not_apply(spec))}
    return show_plan(sys.stdout, plan, titles, left_out=left_out, is_full=is_full)
