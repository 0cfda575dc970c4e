"""Select phases of `up` by name."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from k8sboot.cli.options import F
from k8sboot.cli.phase_titles import TITLES
from k8sboot.errors import UsageError

if TYPE_CHECKING:
    from k8sboot.phase import Phase

KNOWN = tuple(TITLES)


def find(name: str) -> int:
    """The index of the phase of that name; UsageError with similar names."""
    if name not in KNOWN:
        from difflib import get_close_matches

        near = get_close_matches(name, KNOWN)
        raise UsageError(
            f"unknown phase {name!r}",
            fix=f"did you mean {near[0]!r}?" if near else f"the phases are {', '.join(KNOWN)}",
        )
    return KNOWN.index(name)


def between(*, first: str | None, last: str | None, skip: Sequence[str]) -> tuple[str, ...]:
    """The names of the phases from first to last, without the skipped ones."""
    left_out = {find(name) for name in skip}
    start = find(first) if first else 0
    end = find(last) if last else len(KNOWN) - 1
    if start > end:
        raise UsageError(
            f"--from {first} comes after --to {last}", fix="`k8sboot phase --list` shows the order"
        )
    return tuple(
        name for index, name in enumerate(KNOWN[: end + 1]) if index >= start and index not in left_out
    )


def phases_of(names: Collection[str]) -> tuple[Phase, ...]:
    """The phases of these names, in the order of the runbook."""
    from k8sboot.runbook import UP

    return tuple(phase for phase in UP if phase.name in names)


def complete_phase(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Phases whose names begin with the incomplete word."""
    return [CompletionItem(name, help=TITLES[name]) for name in KNOWN if name.startswith(incomplete)]


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
