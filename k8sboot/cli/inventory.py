"""k8sboot inventory."""

from __future__ import annotations

import click

from k8sboot.cli.options import common


@click.group("inventory")
@common
def command() -> None:
    """Check an inventory without connecting to a host."""


@command.command("check")
@common
@click.pass_context
def check(context: click.Context) -> None:
    """Show all problems of the inventory, and what it runs, reads and writes on this machine.

    Exit 2 when there is an error. Runs no command and does not prompt.
    """
    from k8sboot.cli.own_machine import effect_lines
    from k8sboot.cli.reading import read_inventory

    loaded = read_inventory(context, has_secrets=False, looks_for_secrets=True)
    spec = loaded.spec
    click.echo(f"{loaded.path}: ok, masters: {len(spec.masters)}, nodes: {len(spec.nodes)}")
    for line in effect_lines(loaded):
        click.echo(f"on this machine: {line}")
