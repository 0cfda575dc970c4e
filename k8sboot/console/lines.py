"""Shows a run's events: one line each, with its time, and below them the current activities."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import IO

from rich.text import Text

from k8sboot.console.activity import Activities
from k8sboot.console.live import Region, Ticker, sentence
from k8sboot.console.recap import Tally
from k8sboot.console.terminal import open_terminal
from k8sboot.events import (
    Changed,
    Checked,
    Connected,
    Differs,
    Event,
    Failed,
    Notice,
    Output,
    PhaseStarted,
    RunEnded,
    RunStarted,
    Skipped,
    Unknown,
    Waiting,
    Working,
)
from k8sboot.text.event_lines import EventLine, event_line
from k8sboot.text.redact import Redactor
from k8sboot.text.sanitize import safe, safe_line
from k8sboot.text.short_command import short_command

SILENCE = 20.0
"""Seconds. Off a terminal a line is printed at least this often during a run: CI kills silent jobs."""
TICK = 1.0
STYLES = {
    ">": "bold",
    "+": "green",
    "~": "yellow",
    "*": "dim",
    "|": "dim",
    "!": "yellow",
    "?": "yellow",
    "-": "yellow",
    "x": "red",
}
"""By the mark of a line."""
DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}
"""By the first character of a line of a diff."""
SAME_NOTICE = 5
"""Hosts for which the same notice is shown; further ones are counted at the end."""


class ConsoleListener:
    """A listener that prints. verbosity 0: changes, 1: also commands, output, full texts, -1: failures only.

    As a context manager it shows the live region, or off a terminal the heartbeat, during the block.
    """

    def __init__(
        self, stream: IO[str], redact: Redactor, *, verbosity: int = 0, titles: Mapping[str, str]
    ) -> None:
        self._terminal = terminal = open_terminal(stream, os.environ)
        self._console = terminal.console
        self._redact = redact
        self._verbosity = verbosity
        self._titles = titles
        self._announced: set[str] = set()
        self._notices: dict[tuple[str, str], list[str]] = {}
        self._name_width = 0
        self._activities = Activities()
        self._tally = Tally()
        self._lock = threading.RLock()
        self._printed_at = time.monotonic()
        self._region: Region | None = None
        self._ticker: Ticker | None = None
        if verbosity >= 0 and terminal.is_live:
            self._region = Region(self._console, self._activities, self._clean_line)
        elif verbosity >= 0:
            self._ticker = Ticker(self._beat, every=TICK)
        self._show: dict[type[Event], Callable[..., None]] = {
            RunStarted: self._run_started,
            Connected: self._plain,
            PhaseStarted: self._phase_started,
            Changed: self._changed,
            Checked: self._checked,
            Working: self._begun,
            Waiting: self._begun,
            Output: self._output,
            Differs: self._differs,
            Notice: self._notice,
            Unknown: self._plain,
            Skipped: self._plain,
            Failed: self._plain,
            RunEnded: self._run_ended,
        }

    def __enter__(self) -> ConsoleListener:
        """Begin to show current activities."""
        if self._region:
            self._region.start()
        if self._ticker:
            self._ticker.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Restore the terminal."""
        if self._region:
            self._region.stop()
        if self._ticker:
            self._ticker.stop()

    def __call__(self, event: Event) -> None:
        """Show one event."""
        with self._lock:
            self._activities(event)
            self._tally(event)
            show = self._show.get(type(event))
            if show and (self._verbosity >= 0 or isinstance(event, Failed | RunEnded)):
                show(event)

    def _clean(self, text: str) -> str:
        # Redacted twice: a control character inside a secret hides it, and removing it may reveal the secret.
        return self._redact(safe(self._redact(text)))

    def _clean_line(self, text: str) -> str:
        return safe_line(self._clean(text))

    def _print(self, lines: Text) -> None:
        self._printed_at = time.monotonic()
        self._terminal.print(lines)

    def _line(self, event: Event, line: EventLine, *, tail: str = "", may_cut: bool = False) -> None:
        style = STYLES.get(line.mark, "")
        shown = Text().append(f"{time.strftime('%H:%M:%S')} ", style="dim")
        if self._name_width or event.host:
            shown.append(f"{event.host:<{self._name_width}} ", style="cyan")
        shown.append(f"{line.mark} ", style=style)
        shown.append(self._clean_line(line.text), style=style if line.mark == "!" else "")
        self._print((self._cut(shown, len(tail)) if may_cut else shown).append(tail))

    def _details(self, line: EventLine) -> None:
        if shown := list(self._detail_lines(line)):
            self._print(Text("\n").join(shown))

    def _detail_lines(self, line: EventLine) -> Iterator[Text]:
        for block in line.details:
            is_brief = block.prefix == "$ " and self._verbosity < 1
            for text in self._clean(short_command(block.text) if is_brief else block.text).splitlines():
                style = "dim" if block.prefix else DIFF_STYLES.get(text[:1], "dim")
                yield Text(f"    {block.prefix}{text}", style=style)

    def _cut(self, line: Text, besides: int = 0) -> Text:
        """Cut to the terminal's width less `besides` columns; whole off a terminal and with -v."""
        if self._region and self._verbosity < 1:
            line.truncate(max(20, self._console.width - besides), overflow="ellipsis")
        return line

    def _beat(self) -> None:
        """Off a terminal: print the current activities after SILENCE seconds without a line."""
        with self._lock:
            shown = [(a, self._activities.seconds(a)) for a in self._activities.longest_first()]
            if shown and time.monotonic() - self._printed_at >= SILENCE:
                self._line(Event(), EventLine("*", sentence(shown)))

    def _run_started(self, event: RunStarted) -> None:
        self._name_width = max((len(name) for name in event.hosts), default=0)
        counts = f"{_count(len(event.hosts), 'host')}, {_count(len(event.phases), 'phase')}"
        what = f"{event.command} of {event.cluster}: {counts}"
        self._line(event, EventLine(">", what + (", dry run: nothing is changed" if event.is_dry else "")))

    def _plain(self, event: Event) -> None:
        self._line(event, _line_of(event))

    def _phase_started(self, event: PhaseStarted) -> None:
        if event.phase not in self._announced:
            self._announced.add(event.phase)
            title = self._titles.get(event.phase, "")
            line = Text(f"{time.strftime('%H:%M:%S')} == {event.phase}: {title}", style="bold")
            self._print(self._cut(line))

    def _changed(self, event: Changed) -> None:
        line = _line_of(event)
        self._line(event, line, tail=line.tail if event.seconds >= 1 else "", may_cut=True)
        if event.is_dry or self._verbosity > 0:
            self._details(line)

    def _checked(self, event: Checked) -> None:
        line = _line_of(event)
        self._line(event, line, tail=line.tail, may_cut=event.outcome == "passed")
        self._details(line)

    def _begun(self, event: Event) -> None:
        if self._region is None or self._verbosity > 0:
            self._plain(event)

    def _output(self, event: Output) -> None:
        if self._verbosity > 0:
            self._plain(event)

    def _notice(self, event: Notice) -> None:
        hosts = self._notices.setdefault((event.code, event.text), [])
        if event.host and event.host in hosts:
            return
        hosts.append(event.host)
        if len(hosts) <= SAME_NOTICE:
            line = _line_of(event)
            self._line(event, replace(line, text=line.text + line.tail))
            self._details(line)

    def _differs(self, event: Differs) -> None:
        line = _line_of(event)
        self._notice(Notice(host=event.host, phase=event.phase, code="KB-DIFFERS", text=line.text))

    def _run_ended(self, event: RunEnded) -> None:
        if self._verbosity < 0 and not event.failed:
            return
        for (code, text), hosts in self._notices.items():
            if len(hosts) > SAME_NOTICE:
                more = len(hosts) - SAME_NOTICE
                self._line(Event(), EventLine("!", f"on {more} more hosts: {text} [{code}]"))
        if self._verbosity >= 0:
            self._tally.print_table(self._console, event, is_full=self._verbosity > 0)
        if self._verbosity > 0:
            self._tally.print_times(self._console)
        self._print(Text(self._tally.line(event), style="bold"))


def _line_of(event: Event) -> EventLine:
    """The line of an event that has one; all that are shown have."""
    fields = vars(event)
    if isinstance(event, Failed):
        fields = {**fields, "error": event.error.as_record()}
    name = type(event).__name__
    return event_line(name, fields) or EventLine("?", name)


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
