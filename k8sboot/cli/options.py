"""Options shared by several commands."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from k8sboot.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_INVENTORY = "inventory.yaml"


def _remember(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    """A group's option applies to its commands; a command's own option takes precedence."""
    shared = context.find_root().ensure_object(dict)
    if value not in (None, 0, False):
        shared[parameter.name] = value
    return value


def option_value(context: click.Context, name: str, default: Any = None) -> Any:
    """The value of an option before or after the subcommand."""
    return context.find_root().ensure_object(dict).get(name, default)


def inventory_path(context: click.Context) -> str:
    """The path of the command's inventory."""
    return option_value(context, "inventory") or os.environ.get("K8SBOOT_INVENTORY") or DEFAULT_INVENTORY


def _debug(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        context.find_root().ensure_object(dict)["verbose"] = 3


def complete_host(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Hosts of the inventory with the prefix that ends the list. Connects to no host."""
    from k8sboot.inventory.host_names import host_names

    path = inventory_path(context)
    names = host_names(path) if path != "-" else ()
    before, comma, last = incomplete.rpartition(",")
    return [CompletionItem(before + comma + name) for name in names if name.startswith(last)]


def complete_file(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Files of this machine, which the shell completes."""
    return [CompletionItem(incomplete, type="file")]


def file_to_write(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """The callback of an option for a file to write: UsageError where it cannot be one."""
    if value is not None and not _can_be_written(value):
        raise UsageError(
            f"cannot write to {parameter.opts[0]} {value}", fix="name a file in an existing directory"
        )
    return value


def _can_be_written(name: str) -> bool:
    """Whether a file may be put in its place: never in that of a directory or a device."""
    from pathlib import Path

    path = Path(name)
    folder = path.absolute().parent
    return folder.is_dir() and folder != Path("/dev") and (path.is_file() or not path.exists())


def common(function: F) -> F:
    """-i, --no-commands, -v, -q and --debug, before or after the subcommand."""
    for option in (
        click.option(
            "-i",
            "--inventory",
            metavar="FILE",
            expose_value=False,
            callback=_remember,
            shell_complete=complete_file,
            help="The inventory; - for stdin. Default: $K8SBOOT_INVENTORY, or ./inventory.yaml.",
        ),
        click.option(
            "--no-commands",
            is_flag=True,
            expose_value=False,
            callback=_remember,
            help="Refuse an inventory that runs commands on this machine. For inventories of others.",
        ),
        click.option(
            "-v",
            "--verbose",
            count=True,
            expose_value=False,
            callback=_remember,
            help="Show commands, diffs and output.",
        ),
        click.option(
            "--debug",
            is_flag=True,
            expose_value=False,
            callback=_debug,
            help="Show everything, with tracebacks of bugs in k8sboot.",
        ),
        click.option(
            "-q", "--quiet", is_flag=True, expose_value=False, callback=_remember, help="Show failures only."
        ),
    ):
        function = option(function)
    return function


def names(context: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """'a,b' and repeated options as one tuple."""
    return tuple(name.strip() for item in value for name in item.split(",") if name.strip())


limit = click.option(
    "--limit",
    "-l",
    multiple=True,
    callback=names,
    shell_complete=complete_host,
    metavar="HOST,...",
    help="Only these hosts of the inventory.",
)
forks = click.option(
    "--forks",
    type=click.IntRange(1, 500),
    default=50,
    show_default=True,
    help="Number of hosts in parallel.",
)


def output(text: str | None = None) -> Callable[[F], F]:
    """-o, for commands that print text or JSON. text: its help."""
    return click.option(
        "-o",
        "--output",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help=text,
    )


yes = click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation.")
