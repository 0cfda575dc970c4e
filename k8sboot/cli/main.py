"""The command line: `k8sboot`. Commands are imported on demand, so that --help stays fast."""

from __future__ import annotations

import errno
import gc
import importlib
import sys
import threading
from typing import NoReturn

import click

from k8sboot import __version__
from k8sboot.cli.options import common
from k8sboot.cli.signals import Left, leave_on_signals
from k8sboot.cli.streams import discard_stdout, make_steady
from k8sboot.errors import Bug, InventoryError, K8sbootError

COMMANDS = {
    "up": "Create the inventory's cluster, or complete it.",
    "plan": "Show what `up` would change, and save it for `up --plan`.",
    "status": "Show the state of the cluster: nodes, control plane, etcd, certificates.",
    "phase": "Run single phases, or list them.",
    "smoke": "Try what a new cluster must be able to do.",
    "reset": "Remove Kubernetes from the hosts.",
    "history": "List the runs on this machine, or show what one of them did.",
    "token": "Create, list and revoke join tokens.",
    "inventory": "Check an inventory without connecting to a host.",
    "releases": "Show the releases of Kubernetes that k8sboot knows.",
    "explain": "Explain a code: its meaning, usual causes, and what to do.",
    "completion": "Print the completion script for a shell.",
    "version": "Show the version.",
}
"""Help by name. Each command is in the module of its name in this folder."""

ALLOCATIONS = 20_000
"""Objects until garbage is searched for. Python's 700 are reached 100 times by imports alone, which leave none."""


class CommandGroup(click.Group):
    """Finds commands by name and imports only the requested one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which a user needs them."""
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


@click.command(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="k8sboot")
@common
def cli() -> None:
    """Turn bare Linux machines into a Kubernetes cluster over SSH.

    Data goes to stdout, progress to stderr. Exit codes: 0 ok, 1 a step failed or `status` found a problem,
    2 usage or inventory, 3 unreachable, authentication or host key, 4 another run is active,
    5 `plan --exit-code` found something to change, 70 a bug in k8sboot, 130 ^C, 143 SIGTERM, 129 SIGHUP.
    """


def main() -> NoReturn:
    """Entry point: runs the command and turns every error into a message and an exit code."""
    gc.set_threshold(ALLOCATIONS, 20, 20)
    make_steady()
    threading.excepthook = _thread_failed
    code = run()
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        discard_stdout()
    except OSError as error:
        code = code or _full(error)
    sys.exit(code)


def run() -> int:
    """Run the command that sys.argv names; its exit code. Every error has become words on stderr."""
    try:
        leave_on_signals()
        result = cli.main(prog_name="k8sboot", standalone_mode=False)
    except (click.exceptions.Exit, Left, click.ClickException, click.Abort, KeyboardInterrupt) as left:
        return _leave(left)
    except (BrokenPipeError, SystemExit):
        return 0  # click exits so when the reader of stdout is gone, and for no other reason here
    except K8sbootError as error:
        return _show(error)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return _full(error)
        return _show_bug(Bug.of(error))
    return result if isinstance(result, int) else 0


def _leave(left: BaseException) -> int:
    """The exit code of an exit that is not an error of a run."""
    if isinstance(left, click.exceptions.Exit):
        return left.exit_code
    if isinstance(left, Left):
        return left.code
    if isinstance(left, click.ClickException):
        left.show()
        return left.exit_code
    click.echo("interrupted", err=True)
    return 130


def _full(error: OSError) -> int:
    """Data could not be written: exit with 1, so that incomplete output is not taken for complete."""
    discard_stdout()
    click.echo(f"cannot write: {error.strerror}", err=True)
    return 1


def _show(error: K8sbootError) -> int:
    if isinstance(error, InventoryError):
        from k8sboot.console.problems import format_problem

        for problem in error.problems:
            click.echo(format_problem(problem), err=True)
        click.echo(f"{error.what}; `k8sboot explain CODE` explains each", err=True)
    else:
        from k8sboot.console.failures import print_errors
        from k8sboot.text.redact import Redactor

        print_errors(sys.stderr, [error], redact=Redactor())
    return error.exit_code


def _show_bug(bug: Bug) -> int:
    """A bug outside of any run: a message on stderr, its traceback in a file."""
    from k8sboot.console.failures import Logs, print_errors
    from k8sboot.journal.writer import write_bug
    from k8sboot.text.redact import Redactor

    redact = Redactor()
    is_debug = "--debug" in sys.argv or "-vvv" in sys.argv
    log = write_bug(bug, redact)
    print_errors(sys.stderr, [bug], redact=redact, logs=Logs(log), has_traceback=is_debug)
    return bug.exit_code


def _thread_failed(failed: threading.ExceptHookArgs) -> None:
    if failed.exc_value is not None and not isinstance(failed.exc_value, SystemExit):
        _show_bug(Bug.of(failed.exc_value))
