"""What a stream can show: colours, a live region, a limited width."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO

from rich.console import Console
from rich.text import Text

BOUNDLESS = 100_000
"""Columns off a terminal, where nothing is wrapped."""


@dataclass(frozen=True)
class Terminal:
    """A stream for output. is_live: lines at the bottom can be redrawn. is_bare: it takes plain text alone."""

    console: Console
    is_live: bool
    is_bare: bool

    def print(self, text: Text) -> None:
        """Print the lines of text. rich takes as long for one as for a hundred, so that bare ones go past it."""
        if self.is_bare and "\t" not in text.plain:
            self.console.file.write(f"{text.plain}\n")
            self.console.file.flush()
        else:
            self.console.print(text)


def open_terminal(stream: IO[str], environ: Mapping[str, str]) -> Terminal:
    """The stream with what it and the environment support."""
    is_tty = _is_tty(stream)
    is_live = is_tty and not _is_dumb(environ)
    has_colour = wants_colour(environ, is_tty=is_tty)
    console = Console(
        file=stream,
        force_terminal=is_live or has_colour,
        color_system="standard" if has_colour else None,
        width=None if is_live else BOUNDLESS,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=True,
    )
    return Terminal(console, is_live, is_bare=not (is_live or has_colour))


def wants_colour(environ: Mapping[str, str], *, is_tty: bool) -> bool:
    """NO_COLOR takes precedence over FORCE_COLOR and CLICOLOR_FORCE, and these over the kind of terminal."""
    if environ.get("NO_COLOR"):
        return False
    if any(environ.get(name, "") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    return is_tty and not _is_dumb(environ) and environ.get("CLICOLOR") != "0"


def _is_dumb(environ: Mapping[str, str]) -> bool:
    return environ.get("TERM", "") in ("", "dumb", "unknown")


def _is_tty(stream: IO[str]) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False
