"""The commands that an ssh_config names, found by reading: nothing is run, and Include is not followed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

SYSTEM = Path("/etc/ssh/ssh_config")
LARGEST = 1024 * 1024
_RUNS = re.compile(r"""[ \t]*"?(?:match[" \t=].*\bexec\b|proxycommand\b)""", re.IGNORECASE)
_INCLUDES = re.compile(r"""[ \t]*"?include\b""", re.IGNORECASE)


def in_use(config_file: str | None) -> tuple[Path, ...]:
    """The files that ssh reads for a host. config_file: the inventory's; None for OpenSSH's own."""
    if config_file == "none":
        return ()
    return (Path(config_file).expanduser(),) if config_file else (Path.home() / ".ssh" / "config", SYSTEM)


def commands_in(file: Path, *, with_includes: bool = False) -> Iterator[tuple[int, str]]:
    """Number and text of each line that runs a command. with_includes: and of those that include another file."""
    try:
        if not file.is_file():
            return
        with file.open("rb") as stream:
            text = stream.read(LARGEST).decode("utf-8", "replace")
    except OSError:
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if _RUNS.match(line) or (with_includes and _INCLUDES.match(line)):
            yield number, line.strip()
