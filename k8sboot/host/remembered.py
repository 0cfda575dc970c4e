"""Answers of a host to commands that only read: asked together at first, and remembered while nothing changes."""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from k8sboot.host.script import Read
from k8sboot.scripts import call, render
from k8sboot.ssh.connection import Completed, Script

Words = tuple[str, ...]
LIMIT = 20
"""Seconds for each command; what takes longer is asked again alone, by whoever needs it."""
TIMEOUT = 120.0
AT_ONCE = 4
"""Each kubectl takes some 50 MB."""
MOST = 8 * 1024 * 1024
"""Characters of an answer, in base64. A longer one counts as missing."""
_ANSWER = re.compile(r"answer (\d{1,3}) \.([A-Za-z0-9+/=]*)", re.ASCII)


class Look(Protocol):
    """Machine.look."""

    def __call__(self, script: Script, *, timeout: float) -> Completed:
        """Run a short script that only reads."""


@dataclass(frozen=True)
class Together:
    """Commands that only read, in one exec, AT_ONCE of them side by side."""

    commands: tuple[Words, ...]

    def render(self) -> str:
        """The text for /bin/sh."""
        calls = [call("one", str(i), *words) for i, words in enumerate(self.commands)]
        lanes = ["".join(calls[i::AT_ONCE]) for i in range(AT_ONCE)]
        return render("together", _side_by_side([lane for lane in lanes if lane]), LIMIT=LIMIT)

    def parse(self, text: str) -> dict[Script, Completed]:
        """The answers of those that succeeded."""
        return dict(self._answers(text))

    def _answers(self, text: str) -> Iterator[tuple[Script, Completed]]:
        for line in text.split("\n"):
            found = _ANSWER.fullmatch(line) if len(line) <= MOST else None
            if found and int(found[1]) < len(self.commands):
                try:
                    said = base64.b64decode(found[2], validate=True)
                except ValueError:  # cut off
                    continue
                yield Read(self.commands[int(found[1])]), Completed(0, said, b"")


def _side_by_side(lanes: Sequence[str]) -> str:
    """What a lane says waits in a pipe until those after it have ended."""
    first, *rest = lanes
    return f"(\n{first}) | {{\n{_side_by_side(rest)}cat\n}}\n" if rest else f"(\n{first})\n"


class Remembered:
    """The answers of one host."""

    def __init__(self, look: Look, together: Sequence[Words]) -> None:
        """together: commands that are asked together as soon as one of them is, unless something has changed before."""
        self._look = look
        self._all = tuple(together)
        self._together = self._all
        self._seen: dict[Script, Completed] = {}
        self._lock = threading.Lock()

    def look(self, script: Script, *, timeout: float) -> Completed:
        """The answer of a script that only reads; only a success is remembered."""
        with self._lock:
            seen = self._seen  # what is forgotten from now on takes this answer with it
            if script not in seen:
                seen.update(self._asked_together(script))
            if script not in seen:
                done = self._look(script, timeout=timeout)
                if done.exit_status != 0:
                    return done
                seen[script] = done
            return seen[script]

    def _asked_together(self, script: Script) -> Mapping[Script, Completed]:
        together, asked = Together(self._together), isinstance(script, Read) and script.command
        if len(together.commands) < 2 or asked not in together.commands:
            return {}
        self._together = ()
        return together.parse(self._look(together, timeout=TIMEOUT).text)

    def forget(self) -> None:
        """Something has changed: from now on each is asked alone, when it is needed. From any thread."""
        self._together = ()
        self._seen = {}

    def start_over(self) -> None:
        """As at the beginning."""
        self.forget()
        self._together = self._all
