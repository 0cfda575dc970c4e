"""Current activities: redrawn at the bottom of a terminal, printed regularly elsewhere."""

from __future__ import annotations

import textwrap
import threading
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.live import Live
from rich.text import Text

from k8sboot.console.activity import Activities, Activity

MOST_ROWS = 15
BESIDES = 4
"""Rows that stay free for the lines above on a small terminal."""
NAMED = 3
ECHO = 4
"""Columns at the end of a row for the ^C that a terminal prints there: a wrapped row would not be erased."""
WHAT_WIDTH = 40
"""Columns for the activity when its output is shown, too."""
MISSING_WIDTH = 160


class Region:
    """A row for each active host, at the bottom of the terminal."""

    def __init__(self, console: Console, activities: Activities, clean: Callable[[str], str]) -> None:
        self._console = console
        self._activities = activities
        self._clean = clean
        self._live = Live(
            console=console,
            get_renderable=self._draw,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def start(self) -> None:
        """Begin to draw. The cursor stays visible, so that the terminal is usable after a kill -9 or a ^Z."""
        self._live.start()
        self._console.show_cursor(True)

    def stop(self) -> None:
        """Erase the rows."""
        self._live.stop()

    def _draw(self) -> Text:
        most = max(1, min(MOST_ROWS, self._console.height - BESIDES))
        shown = [(a, self._activities.seconds(a)) for a in self._activities.longest_first()]
        return draw(shown, most=most, width=self._console.width, clean=self._clean)


def draw(
    shown: Sequence[tuple[Activity, float]], *, most: int, width: int, clean: Callable[[str], str]
) -> Text:
    """Rows of activities and their seconds, at most `most` rows of `width` columns, and the number of others."""
    rows = list(shown if len(shown) <= most else shown[: most - 1])
    hosts = max((len(a.host) for a, _ in rows), default=0)
    phases = max((len(a.phase) for a, _ in rows), default=0)
    lines = [_row(a, seconds, (hosts, phases), clean) for a, seconds in rows]
    if len(rows) < len(shown):
        lines.append(Text(f"… and {len(shown) - len(rows)} more", style="dim"))
    for line in lines:
        line.truncate(max(1, width - ECHO), overflow="ellipsis")
    return Text("\n", no_wrap=True, end="").join(lines)


def _row(activity: Activity, seconds: float, widths: tuple[int, int], clean: Callable[[str], str]) -> Text:
    row = Text().append(f"{activity.host:<{widths[0]}} ", style="cyan")
    row.append(f"{activity.phase:<{widths[1]}} ", style="dim")
    row.append(f"{_length(activity, seconds):>6} ", style="bold")
    what = Text(clean(activity.what))
    if activity.output:
        what.truncate(WHAT_WIDTH, overflow="ellipsis")
        what.append(f": {clean(activity.output)}", style="dim")
    return row.append(what)


def _length(activity: Activity, seconds: float) -> str:
    return f"{seconds:.0f} s" + (f" of {activity.timeout:.0f} s" if activity.timeout else "")


def sentence(shown: Sequence[tuple[Activity, float]]) -> str:
    """The same in one line of plain text, for a log: the NAMED longest activities."""
    named = [f"{a.host}: {a.what} ({_length(a, seconds)}){_missing(a)}" for a, seconds in shown[:NAMED]]
    more = len(shown) - len(named)
    return "in progress: " + "; ".join(named) + (f"; and {more} more" if more > 0 else "")


def _missing(activity: Activity) -> str:
    """What a wait still lacks."""
    return (
        f": {textwrap.shorten(activity.output, MISSING_WIDTH)}"
        if activity.timeout and activity.output
        else ""
    )


class Ticker:
    """Calls a function regularly (seconds) from a thread of its own."""

    def __init__(self, tick: Callable[[], None], *, every: float) -> None:
        self._tick = tick
        self._every = every
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._go, name="k8sboot-console", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for the call in progress."""
        self._end.set()
        self._thread.join(timeout=2)

    def _go(self) -> None:
        while not self._end.wait(self._every):
            self._tick()
