"""The shell scripts that run on hosts, one in each file, and the loader that renders them for sending.

A script is written for /bin/sh: dash, bash and busybox. A line `. ./NAME.sh` is replaced by that file, and a line
`inner` by shell code of the caller. Comments on lines of their own and indentation are not sent. A line may end in a
space and a backslash, outside quotes.
"""

from __future__ import annotations

import functools
import re
import shlex
from pathlib import Path

DIRECTORY = Path(__file__).resolve().parent

_SHARED = re.compile(r"\. \./([a-z-]+)\.sh\Z")
_NAME = re.compile(r"[A-Z][A-Z_]*\Z")


def render(name: str, inner: str = "", /, **values: str | float) -> str:
    """Render the script `name` for sending: a line NAME=value for each value, then its text.

    Values are data: each is quoted, so that no shell interprets it. inner: code in place of the line `inner`.
    """
    lines = [f"{_checked(key)}={shlex.quote(str(value))}\n" for key, value in values.items()]
    before, slot, after = _text(name).partition("\ninner\n")
    if bool(slot) != bool(inner):
        raise ValueError(f"{name}.sh has {'a' if slot else 'no'} line for other shell")
    return "".join(lines) + (f"{before}\n{inner.rstrip()}\n{after}" if slot else before)


def call(*words: str) -> str:
    """A line that calls a function of a script with these arguments, each quoted."""
    return f"{shlex.join(words)}\n"


@functools.cache
def _text(name: str) -> str:
    """A file with its shared parts, without comments, blank lines, indentation and escaped line breaks."""
    lines = (line.strip() for line in (DIRECTORY / f"{name}.sh").read_text("utf-8").splitlines())
    return "".join(_line(line) for line in lines if line and not line.startswith("#")).replace(" \\\n", " ")


def _line(line: str) -> str:
    shared = _SHARED.match(line)
    return _text(shared[1]) if shared else f"{line}\n"


def _checked(name: str) -> str:
    if not _NAME.match(name):
        raise ValueError(f"a value's name has capital letters alone: {name!r}")
    return name
