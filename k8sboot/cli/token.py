"""k8sboot token."""

from __future__ import annotations

import click

from k8sboot.cli.options import common


@click.group("token")
@common
def command() -> None:
    """Create, list and revoke join tokens. Only the join command goes to stdout."""


@command.command("new")
@common
@click.option(
    "--ttl",
    default="24h0m0s",
    show_default=True,
    metavar="DURATION",
    help="Lifetime, e.g. 30m or 24h.",
)
@click.option(
    "--control-plane", is_flag=True, help="For another master: also uploads the certificates, for two hours."
)
@click.pass_context
def new(context: click.Context, *, ttl: str, control_plane: bool) -> None:
    """Create a token and print the command that joins a machine with it."""
    from k8sboot.cli.reading import read_inventory

    spec = read_inventory(context).spec
    from k8sboot.cli.token_actions import new_join_line
    from k8sboot.cli.wiring import on_first_master

    with on_first_master(context, spec) as host:
        line = new_join_line(spec, host, ttl=ttl, is_control_plane=control_plane)
    click.echo(line.reveal())


@command.command("list")
@common
@click.pass_context
def list_(context: click.Context) -> None:
    """Show the cluster's tokens: id, expiry, usages, description. Never the secret part."""
    from k8sboot.cli.reading import read_inventory

    spec = read_inventory(context).spec
    from k8sboot.cli.token_actions import token_table
    from k8sboot.cli.wiring import on_first_master

    with on_first_master(context, spec) as host:
        table = token_table(host)
    click.echo(table, nl=False)


@command.command("revoke")
@common
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.pass_context
def revoke(context: click.Context, *, ids: tuple[str, ...]) -> None:
    """Delete tokens by id, the six characters before the dot."""
    from k8sboot.cli.reading import read_inventory

    spec = read_inventory(context).spec
    from k8sboot.cli.token_actions import revoke_tokens
    from k8sboot.cli.wiring import on_first_master

    with on_first_master(context, spec) as host:
        revoke_tokens(host, ids)
