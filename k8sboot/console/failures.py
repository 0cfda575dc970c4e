"""Errors for people, each once: what, why, the fix, the end of the output, the log."""

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
from k8sboot.text.listing import listed
from k8sboot.text.redact import Redactor
from k8sboot.text.sanitize import safe, safe_line

LAST_LINES = 25
LONGEST_LINE = 500
NAMED = 10
WITNESSES = 4
"""Hosts whose evidence is named; that of further hosts is in the same directory."""
LOGS = 3
"""Hosts with the same error whose logs are named."""


@dataclass(frozen=True)
class Logs:
    """Paths of logs. run: the run's log, '' for none. of_host: that of a host, '' for none.

    evidence: that of a host after the failure, '' for none.
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
    """Show the errors; those that differ only in their hosts are grouped.

    has_traceback: also show the traceback of a bug.
    """
    console = open_terminal(stream, os.environ).console
    explained: set[str] = set()
    for alike in _grouped(errors):
        _print_group(console, alike, redact)
        _print_paths(console, alike, logs)
        if alike[0].error_code not in explained:
            explained.add(alike[0].error_code)
            _field(console, "more", f"k8sboot explain {safe_line(alike[0].error_code)}")
        if has_traceback and alike[0].__cause__ is not None:
            text = "".join(traceback.format_exception(alike[0].__cause__))
            _print_block(console, _clean(text, redact).splitlines())


def _print_paths(console: Console, alike: Sequence[K8sbootError], logs: Logs) -> None:
    """The paths of the evidence and logs of these errors."""
    witnesses = list(dict.fromkeys(name for error in alike for name in error.witnesses))
    for path in filter(None, map(logs.evidence, witnesses[:WITNESSES])):
        _field(console, "evidence", path)
    hosts = list(dict.fromkeys(error.host for error in alike if error.host))
    for path in filter(None, map(logs.of_host, hosts[:LOGS])):
        _field(console, "host log", path)
    if logs.run:
        _field(console, "log", logs.run)


def print_next(stream: IO[str], command: str) -> None:
    """Show the command to run next."""
    _field(open_terminal(stream, os.environ).console, "next", command)


def _grouped(errors: Iterable[K8sbootError]) -> list[list[K8sbootError]]:
    groups: dict[tuple[str, ...], list[K8sbootError]] = {}
    for error in errors:
        key = (
            error.error_code,
            *(without_host(t, error.host) for t in (error.why, error.fix)),
            error.detail,
        )
        groups.setdefault(key, []).append(error)
    return list(groups.values())


def without_host(text: str, host: str) -> str:
    """The text with `the host` for the host's name."""
    return re.sub(rf"(?<![\w.-]){re.escape(host)}(?![\w-])", "the host", text) if host else text


def _print_group(console: Console, alike: Sequence[K8sbootError], redact: Redactor) -> None:
    first = alike[0]
    whats = list(dict.fromkeys(error.what for error in alike))
    head = Text().append(f"error[{safe_line(first.error_code)}] ", style="bold red")
    hosts = listed([error.host for error in alike if error.host], NAMED)
    head.append(safe_line(_clean(f"{hosts}: {whats[0]}" if hosts else whats[0], redact)), style="bold")
    console.print(head)
    for what in whats[1:NAMED]:
        _field(console, "and", _clean(what, redact))
    if len(whats) > NAMED:
        _field(console, "and", f"{len(whats) - NAMED} more like these")
    for label, full in (("why", first.why), ("fix", first.fix)):
        text = without_host(full, first.host) if len(alike) > 1 else full
        if text:
            _field(console, label, _clean(text, redact))
    _print_block(console, _clean(first.detail, redact).splitlines()[-LAST_LINES:])


def _clean(text: str, redact: Redactor) -> str:
    """Sanitized and redacted, twice: a host may hide a secret between escape sequences."""
    return redact(safe(redact(text)))


def _field(console: Console, label: str, text: str) -> None:
    line = Text().append(f"  {label}: ", style="dim")
    line.append(safe(text).replace("\n", "\n       "))
    console.print(line)


def _print_block(console: Console, lines: Sequence[str]) -> None:
    for line in lines:
        cut = line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 1] + "…"
        console.print(Text(f"  | {cut}", style="dim"))
