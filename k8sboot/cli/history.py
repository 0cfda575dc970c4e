"""k8sboot history."""

from __future__ import annotations

import json
from typing import Any

import click
from click.shell_completion import CompletionItem

from k8sboot.cli.options import common
from k8sboot.errors import UsageError
from k8sboot.journal.folders import LATEST, host_log
from k8sboot.journal.store import StoredRun, find, kept
from k8sboot.journal.story import steps_of
from k8sboot.journal.tables import listed, row, shown, shown_host, whole


def _complete_cluster(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    names = dict.fromkeys(run.folder.parent.name for run in kept())
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def _complete_run(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    names = [LATEST, *(run.name for run in reversed(kept(context.params.get("cluster") or "")))]
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def _complete_host(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    # Behind an option that still lacks its value click leaves the arguments unparsed.
    name = context.params.get("name") or next(iter(context.args), LATEST)
    try:
        run = find(name, context.params.get("cluster") or "")
    except UsageError:
        return []
    return [CompletionItem(name) for name in run.story().hosts if name.startswith(incomplete)]


@click.command("history")
@common
@click.argument("name", required=False, metavar="[RUN]", shell_complete=_complete_run)
@click.option(
    "--cluster",
    default="",
    metavar="NAME",
    shell_complete=_complete_cluster,
    help="Only this cluster's runs.",
)
@click.option(
    "--host",
    default="",
    metavar="HOST",
    shell_complete=_complete_host,
    help="What ran on this host, in order.",
)
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(*, name: str | None, cluster: str, host: str, output: str) -> None:
    """List the runs that are kept here, newest last, or show one: what it did where, and what failed.

    RUN is a run's name, its beginning, or `latest`. Needs no inventory and connects to nothing.
    """
    is_json = output == "json"
    if name is None and host:
        raise UsageError("--host needs a run", fix=f"as in `k8sboot history {LATEST} --host {host}`")
    if name is None:
        _list(cluster, is_json=is_json)
    elif host:
        _show_host(find(name, cluster), host, is_json=is_json)
    else:
        run = find(name, cluster)
        story = run.story()
        _say(whole(run, story) if is_json else shown(run, story), is_json=is_json)


def _list(cluster: str, *, is_json: bool) -> None:
    runs = [(run, run.story()) for run in kept(cluster)]
    if not runs:
        click.echo(f"no run{f' of {cluster}' if cluster else ''} is kept here", err=True)
    if is_json:
        _say([row(run, story) for run, story in runs], is_json=True)
    elif runs:
        _say(listed(runs), is_json=False)


def _show_host(run: StoredRun, host: str, *, is_json: bool) -> None:
    hosts = run.story().hosts
    if host not in hosts:
        raise UsageError(
            f"run {run.name} had nothing to do with {host!r}", fix=f"its hosts are {', '.join(hosts)}"
        )
    records = run.records(has_output=False)
    if is_json:
        _say({"run": run.name, "host": host, "steps": steps_of(records, host)}, is_json=True)
        return
    log = host_log(run.folder, host)
    said = [f"the log, with the output of jobs: {log}"] if log.is_file() else []
    _say([*shown_host(run, records, host), *said], is_json=False)


def _say(what: Any, *, is_json: bool) -> None:
    """Data, on stdout; JSON has no control characters, and the lines are clean."""
    lines = [json.dumps(what, indent=2)] if is_json else what
    click.echo("\n".join(lines))
