"""Select phases by name."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

import click
from click.shell_completion import CompletionItem

from k8sboot.cli.options import F
from k8sboot.errors import UsageError
from k8sboot.phase import Phase
from k8sboot.runbook import UP


def find(phases: Sequence[Phase], name: str) -> int:
    """The index of the phase of that name; UsageError with similar names."""
    known = [phase.name for phase in phases]
    if name not in known:
        near = difflib.get_close_matches(name, known)
        raise UsageError(
            f"unknown phase {name!r}",
            fix=f"did you mean {near[0]!r}?" if near else f"the phases are {', '.join(known)}",
        )
    return known.index(name)


def between(
    phases: Sequence[Phase], *, first: str | None, last: str | None, skip: Sequence[str]
) -> tuple[Phase, ...]:
    """The phases from first to last, without the skipped ones."""
    left_out = {find(phases, name) for name in skip}
    start = find(phases, first) if first else 0
    end = find(phases, last) if last else len(phases) - 1
    if start > end:
        raise UsageError(
            f"--from {first} comes after --to {last}", fix="`k8sboot phase --list` shows the order"
        )
    return tuple(
        phase for index, phase in enumerate(phases) if start <= index <= end and index not in left_out
    )


def complete_phase(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Phases whose names begin with the incomplete word."""
    return [CompletionItem(p.name, help=p.title) for p in UP if p.name.startswith(incomplete)]


def part_of_up(function: F) -> F:
    """--from, --to and --skip."""
    phase: dict[str, Any] = {"metavar": "PHASE", "shell_complete": complete_phase}
    for option in (
        click.option("--skip", multiple=True, help="Skip this phase.", **phase),
        click.option("--to", "last", help="End with this phase.", **phase),
        click.option("--from", "first", help="Start with this phase.", **phase),
    ):
        function = option(function)
    return function
