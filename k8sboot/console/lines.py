"""Tells people what happens: a line for each event, with its time, and below them what goes on now."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import IO

from rich.text import Text

from k8sboot.console.activity import Activities
from k8sboot.console.live import Region, Ticker, sentence
from k8sboot.console.recap import Tally
from k8sboot.console.terminal import open_terminal
from k8sboot.events import (
    Changed,
    Connected,
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
from k8sboot.text.redact import Redactor
from k8sboot.text.sanitize import safe, safe_line

SILENCE = 20.0
"""Seconds. Off a terminal a line comes at least this often while something goes on: CI ends what says nothing."""
TICK = 1.0
SAME_NOTICE = 5
"""Hosts. A notice that more of them give is shown for these, and for the others counted at the end."""


class ConsoleListener:
    """A listener that prints. verbosity 0: changes, 1: also commands, output, full texts, -1: failures only.

    As a context manager it keeps the live region, or off a terminal the heartbeat, while the block runs.
    """

    def __init__(
        self, stream: IO[str], redact: Redactor, *, verbosity: int = 0, titles: Mapping[str, str]
    ) -> None:
        terminal = open_terminal(stream, os.environ)
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
        self._told_at = time.monotonic()
        self._region: Region | None = None
        self._ticker: Ticker | None = None
        if verbosity >= 0 and terminal.is_live:
            self._region = Region(self._console, self._activities, self._clean_line)
        elif verbosity >= 0:
            self._ticker = Ticker(self._beat, every=TICK)
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
            Failed: self._failed,
            RunEnded: self._run_ended,
        }

    def __enter__(self) -> ConsoleListener:
        """Begin to show what goes on."""
        if self._region:
            self._region.start()
        if self._ticker:
            self._ticker.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the terminal as it was."""
        if self._region:
            self._region.stop()
        if self._ticker:
            self._ticker.stop()

    def __call__(self, event: Event) -> None:
        """Show one event."""
        with self._lock:
            self._activities(event)
            self._tally(event)
            tell = self._tell.get(type(event))
            if tell and (self._verbosity >= 0 or isinstance(event, Failed | RunEnded)):
                tell(event)

    def _clean(self, text: str) -> str:
        # Masked twice: a control character inside a secret hides it, and one taken out may reveal it.
        return self._redact(safe(self._redact(text)))

    def _clean_line(self, text: str) -> str:
        return safe_line(self._clean(text))

    def _print(self, line: Text) -> None:
        self._told_at = time.monotonic()
        self._console.print(line)

    def _line(
        self, event: Event, mark: str, text: str, style: str = "", *, may_cut: bool = False, tail: str = ""
    ) -> None:
        line = Text().append(f"{time.strftime('%H:%M:%S')} ", style="dim")
        if self._name_width or event.host:
            line.append(f"{event.host:<{self._name_width}} ", style="cyan")
        line.append(f"{mark} ", style=style)
        line.append(self._clean_line(text), style=style if mark == "!" else "")
        self._print((self._cut(line, len(tail)) if may_cut else line).append(tail))

    def _cut(self, line: Text, besides: int = 0) -> Text:
        """On a terminal, at most as wide as that less so many columns; whole with -v."""
        if self._region and self._verbosity < 1:
            line.truncate(max(20, self._console.width - besides), overflow="ellipsis")
        return line

    def _beat(self) -> None:
        """Off a terminal: say what goes on when nothing has been said for a while."""
        with self._lock:
            shown = [(a, self._activities.seconds(a)) for a in self._activities.longest_first()]
            if shown and time.monotonic() - self._told_at >= SILENCE:
                self._line(Event(), "*", sentence(shown))

    def _run_started(self, event: RunStarted) -> None:
        self._name_width = max((len(name) for name in event.hosts), default=0)
        counts = f"{_count(len(event.hosts), 'host')}, {_count(len(event.phases), 'phase')}"
        what = f"{event.command} of {event.cluster}: {counts}"
        self._line(event, ">", what + (", dry run: nothing is altered" if event.is_dry else ""), "bold")

    def _connected(self, event: Connected) -> None:
        self._line(event, ".", f"connected: {event.system}, kernel {event.kernel}")

    def _phase_started(self, event: PhaseStarted) -> None:
        if event.phase not in self._announced:
            self._announced.add(event.phase)
            title = self._titles.get(event.phase, "")
            line = Text(f"{time.strftime('%H:%M:%S')} == {event.phase}: {title}", style="bold")
            self._print(self._cut(line))

    def _changed(self, event: Changed) -> None:
        took = f" ({event.seconds:.1f} s)" if event.seconds >= 1 and not event.is_dry else ""
        mark, style = ("~", "yellow") if event.is_dry else ("+", "green")
        self._line(event, mark, event.what, style, may_cut=True, tail=took)
        if event.is_dry or self._verbosity > 0:
            self._print_diff(event.diff)
            for command in event.commands:
                self._print(Text("    $ " + self._clean(command), style="dim"))

    def _print_diff(self, diff: str) -> None:
        styles = {"+": "green", "-": "red", "@": "cyan"}
        for line in self._clean(diff).splitlines():
            self._print(Text(f"    {line}", style=styles.get(line[:1], "dim")))

    def _working(self, event: Working) -> None:
        self._goes_on(event, f"{event.what} ...")

    def _waiting(self, event: Waiting) -> None:
        self._goes_on(event, f"waiting for {event.what}, at most {event.timeout:.0f} s")

    def _goes_on(self, event: Event, text: str) -> None:
        if self._region is None or self._verbosity > 0:
            self._line(event, "*", text, "dim")

    def _output(self, event: Output) -> None:
        if self._verbosity > 0:
            self._line(event, "|", event.line, "dim")

    def _notice(self, event: Notice) -> None:
        hosts = self._notices.setdefault((event.code, event.text), [])
        if event.host and event.host in hosts:
            return
        hosts.append(event.host)
        if len(hosts) <= SAME_NOTICE:
            self._line(event, "!", f"{event.text} [{event.code}]", "yellow")
            self._print_diff(event.diff)

    def _unknown(self, event: Unknown) -> None:
        self._line(event, "?", f"{event.what or event.phase}: known only after {event.after}", "yellow")

    def _skipped(self, event: Skipped) -> None:
        self._line(event, "-", f"{event.phase}: not started, {event.why}", "yellow")

    def _failed(self, event: Failed) -> None:
        self._line(event, "x", f"{event.phase}: {event.error.what}", "red")

    def _run_ended(self, event: RunEnded) -> None:
        if self._verbosity < 0 and not event.failed:
            return
        for (code, text), hosts in self._notices.items():
            if len(hosts) > SAME_NOTICE:
                more = len(hosts) - SAME_NOTICE
                self._line(Event(), "!", f"on {more} more hosts: {text} [{code}]", "yellow")
        if self._verbosity >= 0:
            self._tally.print_table(self._console, event, is_full=self._verbosity > 0)
        if self._verbosity > 0:
            self._tally.print_times(self._console)
        self._print(Text(self._tally.line(event), style="bold"))


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
