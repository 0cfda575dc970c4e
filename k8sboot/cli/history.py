"""k8sboot history."""

from __future__ import annotations

import json
from typing import Any

import click
from click.shell_completion import CompletionItem

from k8sboot.cli import options, timeline
from k8sboot.cli.options import common
from k8sboot.errors import UsageError
from k8sboot.journal.folders import LATEST, host_log
from k8sboot.journal.store import StoredRun, find, stored_runs
from k8sboot.journal.summary import steps_of
from k8sboot.journal.tables import host_lines, list_lines, row_json, run_json, run_lines, title
from k8sboot.journal.timeline_json import timeline_json


def _complete_cluster(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    names = dict.fromkeys(run.folder.parent.name for run in stored_runs())
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def _complete_run(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    names = [LATEST, *(run.name for run in reversed(stored_runs(context.params.get("cluster") or "")))]
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def _complete_host(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    # After an option without its value click leaves the arguments unparsed.
    name = context.params.get("name") or next(iter(context.args), LATEST)
    try:
        run = find(name, context.params.get("cluster") or "")
    except UsageError:
        return []
    return [CompletionItem(name) for name in run.summary().hosts if name.startswith(incomplete)]


@click.command("history")
@common
@click.argument("name", required=False, metavar="[RUN]", shell_complete=_complete_run)
@click.option(
    "--cluster",
    default="",
    metavar="NAME",
    shell_complete=_complete_cluster,
    help="Only runs of this cluster.",
)
@click.option(
    "--host",
    default="",
    metavar="HOST",
    shell_complete=_complete_host,
    help="Show the steps on this host, in order.",
)
@click.option(
    "--timeline",
    "has_timeline",
    is_flag=True,
    help="Show when each host ran which phase, and the critical path.",
)
@click.option(
    "--html",
    "html_file",
    metavar="FILE",
    callback=options.file_to_write,
    shell_complete=options.complete_file,
    help="Save the timeline to a file, as a web page that needs no other file.",
)
@options.output()
def command(
    *, name: str | None, cluster: str, host: str, has_timeline: bool, html_file: str | None, output: str
) -> None:
    """List the runs on this machine, newest last, or show one: what it did on which host, and what failed.

    RUN is the name of a run, its beginning, or `latest`. Needs no inventory and connects to no host.
    """
    is_json = output == "json"
    words = {"--host": f"--host {host}", "--timeline": "--timeline", "--html": f"--html {html_file}"}
    given = {"--host": host, "--timeline": has_timeline, "--html": html_file}
    _refuse_contradictions(name, {option: words[option] for option, value in given.items() if value})
    if name is None:
        _list(cluster, is_json=is_json)
        return
    run = find(name, cluster)
    if html_file:
        timeline.write_page(html_file, run)
    if host:
        _show_host(run, host, is_json=is_json)
    elif has_timeline:
        _show_timeline(run, is_json=is_json)
    elif not html_file:
        summary = run.summary()
        _print(run_json(run, summary) if is_json else run_lines(run, summary), is_json=is_json)


def _refuse_contradictions(name: str | None, given: dict[str, str]) -> None:
    """Refuse options of a run without one, and a timeline of a single host. given: their words, by option."""
    first, *others = given or [""]
    if name is None and given:
        raise UsageError(f"{first} requires a run", fix=f"run `k8sboot history {LATEST} {given[first]}`")
    if first == "--host" and others:
        raise UsageError(f"--host and {others[0]} contradict each other", fix="remove one of them")


def _list(cluster: str, *, is_json: bool) -> None:
    runs = [(run, run.summary()) for run in stored_runs(cluster)]
    if not runs:
        click.echo(f"no run{f' of {cluster}' if cluster else ''} is stored on this machine", err=True)
    if is_json:
        _print([row_json(run, summary) for run, summary in runs], is_json=True)
    elif runs:
        _print(list_lines(runs), is_json=False)


def _show_host(run: StoredRun, host: str, *, is_json: bool) -> None:
    hosts = run.summary().hosts
    if host not in hosts:
        raise UsageError(f"run {run.name} has no host {host!r}", fix=f"its hosts are {', '.join(hosts)}")
    records = run.records(has_output=False)
    if is_json:
        _print({"run": run.name, "host": host, "steps": steps_of(records, host)}, is_json=True)
        return
    log = host_log(run.folder, host)
    more = [f"the log, with the output of jobs: {log}"] if log.is_file() else []
    _print([*host_lines(run, records, host), *more], is_json=False)


def _show_timeline(run: StoredRun, *, is_json: bool) -> None:
    summary = run.summary()
    if is_json:
        _print({**run_json(run, summary), "timeline": timeline_json(*timeline.read(run))}, is_json=True)
    else:
        _print([title(run, summary), "", *timeline.lines(run)], is_json=False)


def _print(data: Any, *, is_json: bool) -> None:
    """Print data to stdout. JSON has no control characters, and lines are sanitized."""
    lines = [json.dumps(data, indent=2)] if is_json else data
    click.echo("\n".join(lines))
