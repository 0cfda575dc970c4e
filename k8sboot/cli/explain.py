"""k8sboot explain."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from k8sboot.cli.options import common
from k8sboot.errors import UsageError
from k8sboot.explain import entries, near, plain

WIDEST = 100


def _complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Codes with this prefix, each with its title."""
    begin = plain(incomplete) if incomplete else ""
    return [CompletionItem(e.code, help=e.title) for e in entries().values() if e.code.startswith(begin)]


@click.command("explain")
@common
@click.argument("code", required=False, metavar="CODE", shell_complete=_complete)
@click.option("--output", "-o", type=click.Choice(["text", "json"]), default="text", help="Default: text.")
@click.pass_context
def command(context: click.Context, *, code: str | None, output: str) -> None:
    """Explain a code: its meaning, usual causes, and what to do. Without CODE: list all of them.

    Connects to no host and reads no inventory.
    """
    known = entries()
    if code is None:
        chosen = list(known.values())
    elif plain(code) in known:
        chosen = [known[plain(code)]]
    else:
        likely = near(code)
        raise UsageError(
            f"unknown code {code!r}",
            fix=f"did you mean {' or '.join(likely)}?" if likely else "`k8sboot explain` lists all of them",
        )
    if output == "json":
        import json
        from dataclasses import asdict

        found = [asdict(entry) for entry in chosen]
        click.echo(json.dumps(found if code is None else found[0], indent=2, ensure_ascii=False))
    elif code is None:
        from k8sboot.text.table import table

        click.echo("\n".join(table((entry.code, entry.title) for entry in chosen)))
    else:
        from shutil import get_terminal_size

        columns = get_terminal_size().columns
        click.echo(chosen[0].text(min(WIDEST, columns)), nl=False)
