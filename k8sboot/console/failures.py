"""Errors as a person wants them: each once, what, why, how to mend it, the end of the output, the log."""

from __future__ import annotations

import os
import re
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import IO

from rich.console import Console
from rich.text import Text

from k8sboot.console.terminal import open_terminal
from k8sboot.errors import K8sbootError
from k8sboot.text.redact import Redactor
from k8sboot.text.sanitize import safe, safe_line

LAST_LINES = 25
LONGEST_LINE = 500
NAMED = 10
WITNESSES = 4
"""Hosts. Of more of them the evidence is not named one by one: it lies beside theirs."""
LOGS = 3
"""Hosts. Of more of them that failed alike the logs are not named one by one."""


@dataclass(frozen=True)
class Logs:
    """Where more is to be read. run: the run's log, '' for none. of_host: that of a host, '' for none.

    evidence: what a host said of itself after the failure, '' for none.
    """

    run: str = ""
    of_host: Callable[[str], str] = lambda _host: ""
    evidence: Callable[[str], str] = lambda _host: ""


def print_errors(
    stream: IO[str],
    errors: Iterable[K8sbootError],
    *,
    redact: Redactor,
    logs: Logs = Logs(),  # noqa: B008 - frozen
    has_traceback: bool = False,
) -> None:
    """Show the errors; those that differ only in their hosts together.

    has_traceback: show where an unforeseen error came from, too.
    """
    console = open_terminal(stream, os.environ).console
    explained: set[str] = set()
    for alike in _grouped(errors):
        _print_group(console, alike, redact)
        _say_where(console, alike, logs)
        if alike[0].error_code not in explained:
            explained.add(alike[0].error_code)
            _field(console, "more", f"k8sboot explain {safe_line(alike[0].error_code)}")
        if has_traceback and alike[0].__cause__ is not None:
            text = "".join(traceback.format_exception(alike[0].__cause__))
            _print_block(console, _clean(text, redact).splitlines())


def _say_where(console: Console, alike: Sequence[K8sbootError], logs: Logs) -> None:
    """Where more is to be read of these errors."""
    witnesses = list(dict.fromkeys(name for error in alike for name in error.witnesses))
    for path in filter(None, map(logs.evidence, witnesses[:WITNESSES])):
        _field(console, "evidence", path)
    hosts = list(dict.fromkeys(error.host for error in alike if error.host))
    for path in filter(None, map(logs.of_host, hosts[:LOGS])):
        _field(console, "host log", path)
    if logs.run:
        _field(console, "log", logs.run)


def print_next(stream: IO[str], command: str) -> None:
    """Show the command to go on with."""
    _field(open_terminal(stream, os.environ).console, "next", command)


def _grouped(errors: Iterable[K8sbootError]) -> list[list[K8sbootError]]:
    groups: dict[tuple[str, ...], list[K8sbootError]] = {}
    for error in errors:
        key = (error.error_code, *(_anywhere(t, error.host) for t in (error.why, error.fix)), error.detail)
        groups.setdefault(key, []).append(error)
    return list(groups.values())


def _anywhere(text: str, host: str) -> str:
    """The text as it would be on any host."""
    return re.sub(rf"(?<![\w.-]){re.escape(host)}(?![\w-])", "the host", text) if host else text


def _print_group(console: Console, alike: Sequence[K8sbootError], redact: Redactor) -> None:
    first = alike[0]
    whats = list(dict.fromkeys(error.what for error in alike))
    head = Text().append(f"error[{safe_line(first.error_code)}] ", style="bold red")
    hosts = _names([error.host for error in alike if error.host])
    head.append(safe_line(_clean(f"{hosts}: {whats[0]}" if hosts else whats[0], redact)), style="bold")
    console.print(head)
    for what in whats[1:NAMED]:
        _field(console, "and", _clean(what, redact))
    if len(whats) > NAMED:
        _field(console, "and", f"{len(whats) - NAMED} more like these")
    for label, said in (("why", first.why), ("fix", first.fix)):
        text = _anywhere(said, first.host) if len(alike) > 1 else said
        if text:
            _field(console, label, _clean(text, redact))
    _print_block(console, _clean(first.detail, redact).splitlines()[-LAST_LINES:])


def _clean(text: str, redact: Redactor) -> str:
    """Safe to show, and without secrets: a host may have hidden one between escape sequences."""
    return redact(safe(redact(text)))


def _names(hosts: Sequence[str]) -> str:
    more = len(hosts) - NAMED
    return ", ".join(hosts[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _field(console: Console, label: str, text: str) -> None:
    line = Text().append(f"  {label}: ", style="dim")
    line.append(safe(text).replace("\n", "\n       "))
    console.print(line)


def _print_block(console: Console, lines: Sequence[str]) -> None:
    for line in lines:
        cut = line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 1] + "…"
        console.print(Text(f"  | {cut}", style="dim"))
