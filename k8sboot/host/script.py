"""Several commands as one script that exits at the first failure and reports which one failed."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from k8sboot.host.originals import PriorState, note_script
from k8sboot.ssh.connection import Completed
from k8sboot.text.numbers import whole

FAILED = "k8sboot-failed-"
"""Prefix of the line in which a script of several commands reports which one failed."""


@dataclass(frozen=True)
class Read:
    """One command that only reads."""

    command: tuple[str, ...]

    def render(self) -> str:
        """The text for /bin/sh."""
        return shlex.join(self.command)


@dataclass(frozen=True)
class Commands:
    """Commands in order; the first that fails ends them.

    states: saved on the host before the first command, or none of them runs. remove: files that are removed at the
    end, whatever happens.
    """

    commands: tuple[tuple[str, ...], ...]
    states: tuple[PriorState, ...] = ()
    remove: tuple[str, ...] = ()

    @property
    def shown(self) -> tuple[str, ...]:
        """The command lines."""
        return tuple(shlex.join(command) for command in self.commands)

    def render(self) -> str:
        """The text for /bin/sh."""
        # dash runs no EXIT trap when a signal ends it, unless the signal is trapped, too.
        tidy = shlex.quote(f"rm -f -- {shlex.join(self.remove)}")
        head = f"trap {tidy} EXIT; trap 'exit 143' HUP INT TERM\n" if self.remove else ""
        mark = f"{{ s=$?; echo {FAILED}%d >&2; exit $s; }}"
        lines = (f"{line} || {mark % i}\n" for i, line in enumerate(self.shown))
        return note_script(self.states) + head + "".join(lines)


def which(shown: Sequence[str], done: Completed) -> str:
    """The command that failed of several, all if their shell was killed. A job has both streams in its one log."""
    if done.exit_status == -1 and len(shown) > 1:
        return f"{shown[0]}; ...; {shown[-1]}"
    said = (done.stdout + done.stderr).decode("utf-8", "replace")
    _, found, rest = said.rpartition(FAILED)
    index = whole(rest)
    return shown[index] if found and index is not None and index < len(shown) else shown[-1]
