"""Reads a command's inventory. What only a run needs is not imported: a broken inventory is told of at once."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from k8sboot.cli.options import inventory_path, option_value
from k8sboot.console.problems import format_problem
from k8sboot.errors import UsageError
from k8sboot.inventory.effects import Rules
from k8sboot.inventory.load import Loaded, load
from k8sboot.inventory.model import Spec


def read_inventory(
    context: click.Context, *, has_secrets: bool = True, looks_for_secrets: bool = False
) -> Loaded:
    """The command's inventory; its warnings go to stderr. InventoryError with all its problems.

    has_secrets: False resolves no secrets: no prompt, command or file. looks_for_secrets: of those in the environment
    and in files, checks that they are there.
    """
    prompt = _prompt if sys.stdin.isatty() else None
    loaded = load(
        inventory_path(context),
        prompt=prompt,
        resolve_secrets=has_secrets,
        look_for_secrets=looks_for_secrets,
        rules=Rules(not option_value(context, "no_commands"), is_no_known_hosts=_why_no_known_hosts),
    )
    context.find_root().ensure_object(dict)["loaded"] = loaded
    if not option_value(context, "quiet"):
        for warning in loaded.warnings:
            click.echo(format_problem(warning), err=True)
    return loaded


def _why_no_known_hosts(file: Path) -> str:
    from k8sboot.ssh.known_hosts_file import why_not

    return why_not(file)


def _prompt(what: str) -> str:
    return str(click.prompt(what, hide_input=True, err=True))


def hosts_of(spec: Spec, limit: tuple[str, ...]) -> frozenset[str] | None:
    """The hosts of --limit; UsageError with similar names for one that is not in the inventory."""
    known = [h.name for h in spec.hosts]
    for name in limit:
        if name not in known:
            from difflib import get_close_matches

            near = get_close_matches(name, known)
            raise UsageError(
                f"--limit {name}: no such host in the inventory",
                fix=f"did you mean {near[0]!r}?" if near else f"its hosts are {', '.join(known)}",
            )
    return frozenset(limit) if limit else None
