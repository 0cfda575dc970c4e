"""The command line: `k8sboot`. Commands are imported when they are called for, so that --help stays quick."""

from __future__ import annotations

import importlib
import os
import sys
from typing import NoReturn

import click

from k8sboot import __version__
from k8sboot.cli.options import common
from k8sboot.errors import InventoryError, K8sbootError

COMMANDS = {
    "up": "Turn the inventory's machines into a cluster, or finish what is missing.",
    "phase": "Run single phases, or list them.",
    "reset": "Take Kubernetes off the machines again.",
    "token": "Make, list and revoke join tokens.",
    "version": "Say which version this is.",
}
"""Name: what it is for. Each lives in a module of its name in this folder."""


class Commands(click.Group):
    """Finds commands by name and imports only the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which a user meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"k8sboot.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table of commands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="k8sboot")
@common
def cli() -> None:
    """Turn bare Linux machines into a Kubernetes cluster over SSH.

    Data goes to stdout, progress to stderr. Exit codes: 0 ok, 1 a step failed, 2 usage or inventory,
    3 unreachable, authentication or host key, 130 interrupted.
    """


def main() -> NoReturn:
    """Entry point: runs the command and turns every error into words and an exit code."""
    code = _run()
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def _run() -> int:
    try:
        result = cli.main(standalone_mode=False)
    except click.exceptions.Exit as left:
        return left.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return 130
    except BrokenPipeError:
        return 0
    except K8sbootError as error:
        return _show(error)
    return result if isinstance(result, int) else 0


def _show(error: K8sbootError) -> int:
    from k8sboot.console import print_error
    from k8sboot.redact import Redactor

    if isinstance(error, InventoryError):
        from k8sboot.inventory.report import format_problem

        for problem in error.problems:
            click.echo(format_problem(problem), err=True)
        click.echo(error.what, err=True)
    else:
        print_error(sys.stderr, error, redact=Redactor())
    return error.exit_code
