"""Tells people what happens: plain lines with times, colours where a terminal shows them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import IO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from k8sboot.errors import K8sbootError
from k8sboot.events import (
    Changed,
    Connected,
    Event,
    Failed,
    Notice,
    Output,
    PhaseEnded,
    PhaseStarted,
    RunEnded,
    RunStarted,
    Skipped,
    Unknown,
    Waiting,
    Working,
)
from k8sboot.redact import Redactor
from k8sboot.screen import safe, safe_line

WIDTH = 120


class ConsoleListener:
    """A listener that prints on stderr. verbosity 0: changes, 1: also commands and output, -1: failures only."""

    def __init__(
        self, stream: IO[str], redact: Redactor, *, verbosity: int = 0, titles: Mapping[str, str]
    ) -> None:
        self._console = Console(
            file=stream, highlight=False, soft_wrap=True, width=None if stream.isatty() else WIDTH
        )
        self._redact = redact
        self._verbosity = verbosity
        self._titles = titles
        self._announced: set[str] = set()
        self._counts: dict[str, int] = {}
        self._name_width = 4
        self._tell: dict[type[Event], Callable[..., None]] = {
            RunStarted: self._run_started,
            Connected: self._connected,
            PhaseStarted: self._phase_started,
            Changed: self._changed,
            Working: self._working,
            Waiting: self._waiting,
            Output: self._output,
            Notice: self._notice,
            Unknown: self._unknown,
            Skipped: self._skipped,
            PhaseEnded: lambda _event: None,
            Failed: self._failed,
            RunEnded: self._run_ended,
        }

    def __call__(self, event: Event) -> None:
        """Show one event."""
        if self._verbosity >= 0 or isinstance(event, Failed | RunEnded):
            self._tell[type(event)](event)

    def _line(self, event: Event, mark: str, text: str, style: str = "") -> None:
        line = Text(f"{time.strftime('%H:%M:%S')} ", style="dim")
        line.append(f"{event.host:<{self._name_width}} ", style="cyan")
        line.append(f"{mark} ", style=style)
        line.append(safe(self._redact(text)), style=style if mark == "!" else "")
        self._console.print(line)

    def _run_started(self, event: RunStarted) -> None:
        self._name_width = max((len(name) for name in event.hosts), default=4)
        what = f"{event.command} of {event.cluster}: {len(event.hosts)} hosts, {len(event.phases)} phases"
        self._line(event, ">", what + (", dry run: nothing is altered" if event.is_dry else ""), "bold")

    def _connected(self, event: Connected) -> None:
        self._line(event, ".", f"connected: {event.system}, kernel {event.kernel}")

    def _phase_started(self, event: PhaseStarted) -> None:
        if event.phase not in self._announced:
            self._announced.add(event.phase)
            title = self._titles.get(event.phase, "")
            self._console.print(Text(f"{time.strftime('%H:%M:%S')} == {event.phase}: {title}", style="bold"))

    def _changed(self, event: Changed) -> None:
        mark, took = (
            ("~", "") if event.is_dry else ("+", f" ({event.seconds:.1f} s)" if event.seconds >= 1 else "")
        )
        self._line(event, mark, safe_line(event.what) + took, "yellow" if event.is_dry else "green")
        if event.diff and (event.is_dry or self._verbosity > 0):
            self._print_diff(event.diff)
        if event.commands and (event.is_dry or self._verbosity > 0):
            for command in event.commands:
                self._console.print(Text("    $ " + safe(self._redact(command)), style="dim"))

    def _print_diff(self, diff: str) -> None:
        styles = {"+": "green", "-": "red", "@": "cyan"}
        for line in safe(self._redact(diff)).splitlines():
            self._console.print(Text(f"    {line}", style=styles.get(line[:1], "dim")))

    def _working(self, event: Working) -> None:
        self._line(event, "*", f"{safe_line(event.what)} ...", "dim")

    def _waiting(self, event: Waiting) -> None:
        self._line(event, "*", f"waiting for {event.what}, at most {event.timeout:.0f} s", "dim")

    def _output(self, event: Output) -> None:
        if self._verbosity > 0:
            self._line(event, "|", event.line, "dim")

    def _notice(self, event: Notice) -> None:
        self._line(event, "!", f"{event.text} [{event.code}]", "yellow")

    def _unknown(self, event: Unknown) -> None:
        self._line(event, "?", f"{event.phase}: known only after {event.after}", "yellow")

    def _skipped(self, event: Skipped) -> None:
        self._line(event, "-", f"{event.phase}: not started, {event.why}", "yellow")

    def _failed(self, event: Failed) -> None:
        self._line(event, "x", f"{event.phase}: {event.error.what}", "red")

    def _run_ended(self, event: RunEnded) -> None:
        total = sum(event.changes.values())
        verb = "would change" if event.is_dry else "changed"
        table = Table(box=None, pad_edge=False, header_style="dim")
        for column in ("host", verb, "state"):
            table.add_column(column)
        for name in dict.fromkeys((*event.changes, *event.failed)):
            state = Text("failed", style="red") if name in event.failed else Text("ok", style="green")
            table.add_row(name, str(event.changes.get(name, 0)), state)
        if self._verbosity >= 0:
            self._console.print(table)
        self._console.print(
            Text(f"{total} {verb}, {len(event.failed)} failed, {event.seconds:.1f} s", style="bold")
        )


def print_error(stream: IO[str], error: K8sbootError, *, redact: Redactor, log: str = "") -> None:
    """One error as a person wants it: code and host, what, why, the end of the output, how to mend it, the log."""
    console = Console(file=stream, highlight=False, soft_wrap=True)
    head = Text(f"error[{error.error_code}]", style="bold red")
    head.append(f"{' ' + error.host if error.host else ''}: ", style="bold")
    head.append(safe_line(redact(error.what)), style="bold")
    console.print(head)
    for label, text in (("why", error.why), ("fix", error.fix), ("log", log)):
        if text:
            line = Text(f"  {label}: ", style="dim")
            line.append(safe(redact(text)))
            console.print(line)
    for line_text in safe(redact(error.detail)).splitlines()[-25:]:
        console.print(Text(f"  | {line_text}", style="dim"))
