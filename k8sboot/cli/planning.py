"""What `k8sboot plan` does with an inventory that is valid."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Collection

import click

from k8sboot.cli.choose import phases_of
from k8sboot.cli.masking import redactor
from k8sboot.cli.options import option_value
from k8sboot.cli.wiring import carry_out
from k8sboot.console.plan import show_plan
from k8sboot.inventory.model import Spec
from k8sboot.phase import Phase
from k8sboot.plans import Document, Recorder, write_plan
from k8sboot.run.runner import Options
from k8sboot.run.session import RunRequest

WOULD_CHANGE = 5
"""Exit code with --exit-code: something would change, or might."""
DIFFERS = 6
"""Exit code with --exit-code: nothing would change, though the cluster differs from the inventory."""


def make_plan(
    context: click.Context,
    spec: Spec,
    names: Collection[str],
    *,
    limit: frozenset[str] | None,
    forks: int,
    output: str,
    out: str | None,
) -> tuple[int, int]:
    """Make the plan of these phases, print it and save it to out; the exit code without and with --exit-code."""
    phases = phases_of(names)
    plan = RunRequest("plan", phases, limit, Options(forks=forks, is_dry=True))
    recorder = Recorder(plan.hosts(spec), [phase.name for phase in phases], redactor(spec))
    code = carry_out(context, spec, plan, recorder=recorder)
    if code > 128:
        return code, code
    found = recorder.document(spec, limit=plan.limit)
    if output == "json":
        click.echo(json.dumps(found.as_json(), indent=1))
    else:
        is_full = option_value(context, "verbose", 0) > 0
        click.echo(_as_text(found, spec, phases, is_full=is_full), nl=False, color=True)
    if out:
        _save(found, out, is_complete=not code)
    return code, code or _exit_code(found)


def _save(found: Document, out: str, *, is_complete: bool) -> None:
    if not is_complete:
        click.echo(f"not saved to {out}: the plan is incomplete", err=True)
        return
    digest = write_plan(out, found)
    click.echo(f"saved to {out} (SHA-256 {digest})", err=True)
    click.echo(f"apply it with `k8sboot up --plan {shlex.quote(out)} --sha256 {digest}`", err=True)


def _exit_code(plan: Document) -> int:
    """What `up` changes comes first: after it, the next plan shows what still differs."""
    if plan.changes or plan.unknown:
        return WOULD_CHANGE
    return DIFFERS if plan.differs else 0


def _as_text(plan: Document, spec: Spec, phases: tuple[Phase, ...], *, is_full: bool) -> str:
    titles = {phase.name: phase.title for phase in phases}
    left_out = {phase.name: why for phase in phases if (why := phase.does_not_apply(spec))}
    return show_plan(sys.stdout, plan, titles, left_out=left_out, is_full=is_full)
