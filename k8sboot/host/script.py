"""Several commands as one script that exits at the first failure and reports which one failed."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from k8sboot.ssh.connection import Completed

FAILED = "k8sboot-failed-"
"""Prefix of the line in which a script of several commands reports which one failed."""


def chain(shown: Sequence[str], remove: Sequence[str]) -> str:
    """A script of these command lines. remove: files that are removed at the end, whatever happens."""
    # dash runs no EXIT trap when a signal ends it, unless the signal is trapped, too.
    tidy = shlex.quote(f"rm -f -- {shlex.join(remove)}")
    head = f"trap {tidy} EXIT; trap 'exit 143' HUP INT TERM\n" if remove else ""
    mark = f"{{ s=$?; echo {FAILED}%d >&2; exit $s; }}"
    return head + "".join(f"{line} || {mark % i}\n" for i, line in enumerate(shown))


def which(shown: Sequence[str], done: Completed) -> str:
    """The command that failed of several. A job has both streams in its one log."""
    said = (done.stdout + done.stderr).decode("utf-8", "replace")
    _, found, rest = said.rpartition(FAILED)
    index = rest.strip()
    return shown[int(index)] if found and index.isdigit() and int(index) < len(shown) else shown[-1]
