"""k8sboot status."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from k8sboot.cli import options
from k8sboot.cli.options import common, option_value

if TYPE_CHECKING:
    from k8sboot.inventory.model import Spec
    from k8sboot.status.document import LastRun
    from k8sboot.status.looking import Looker


@click.command("status")
@common
@click.option(
    "--watch", "-w", is_flag=True, help="Redraw it in place until ^C; off a terminal, print a few lines each."
)
@click.option(
    "--interval",
    type=click.IntRange(1, 3600),
    default=5,
    show_default=True,
    metavar="SECONDS",
    help="Pause between two looks of --watch.",
)
@click.option(
    "--timeout",
    type=click.IntRange(1, 600),
    default=30,
    show_default=True,
    metavar="SECONDS",
    help="Seconds after which a host counts as not responding.",
)
@options.limit
@options.output()
@click.pass_context
def command(
    context: click.Context, *, watch: bool, interval: int, timeout: int, limit: tuple[str, ...], output: str
) -> None:
    """Show the cluster's state: nodes, control plane, etcd, add-ons, certificates, and what is wrong.

    It only reads, needs no lock, and asks the first master that answers. It exits with 1 if something is unhealthy,
    otherwise with 0; warnings do not count. With --limit, masters are asked, too.
    """
    from k8sboot.cli.reading import hosts_of, read_inventory

    spec = read_inventory(context).spec
    chosen = hosts_of(spec, limit)
    from k8sboot.cli import wiring  # late: a broken inventory ends here without them
    from k8sboot.status.looking import Looker

    looker = Looker(spec, wiring.open_connection, limit=chosen, timeout=timeout)
    is_quiet = bool(option_value(context, "quiet"))
    try:
        with _shown(output, is_watched=watch, interval=interval) as show:
            while True:
                found = _document(spec, looker)
                if not is_quiet:
                    _tell(looker)
                show(found)
                if not watch:
                    break
                time.sleep(interval)
    finally:
        looker.close()
    if not found["healthy"]:
        context.exit(1)


@contextmanager
def _shown(output: str, *, is_watched: bool, interval: int) -> Iterator[Callable[[dict[str, Any]], None]]:
    """What shows a status: as JSON (in one line each while it is watched), as text, or on one screen."""
    from k8sboot.console.status import Screen, show_status

    if output == "json":
        indent = None if is_watched else 2
        yield lambda found: click.echo(json.dumps(found, indent=indent))
    elif is_watched:
        with Screen(sys.stdout) as screen:
            yield lambda found: screen.show(found, f"every {interval} s; ^C ends")
    else:
        yield lambda found: click.echo(show_status(sys.stdout, found), nl=False)


def _document(spec: Spec, looker: Looker) -> dict[str, Any]:
    """One look, with every secret of the inventory masked in what hosts have said."""
    from k8sboot.cli.masking import redactor
    from k8sboot.status.document import document
    from k8sboot.status.findings import findings
    from k8sboot.text.sanitize import safe

    seen = looker.look()
    found = document(spec, seen, findings(spec, seen), _last_run(spec))
    redact = redactor(spec)
    # Twice: a host may hide a secret between escape sequences
    clean: dict[str, Any] = _cleaned(found, lambda text: redact(safe(redact(text))))
    return clean


def _cleaned(value: Any, clean: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {key: _cleaned(inner, clean) for key, inner in value.items()}
    return [_cleaned(inner, clean) for inner in value] if isinstance(value, list) else value


def _last_run(spec: Spec) -> LastRun | None:
    """The last run of this machine that changed something in the cluster, or still may."""
    from k8sboot.journal.store import last_change
    from k8sboot.journal.tables import result
    from k8sboot.status.document import LastRun

    found = last_change(spec.cluster.name)
    if found is None:
        return None
    run, summary = found
    changes = sum(summary.changes.values())
    return LastRun(run.name, summary.command, summary.began, changes, result(run, summary), run.is_alive)


def _tell(looker: Looker) -> None:
    for line in looker.notes():
        click.echo(line, err=True)
