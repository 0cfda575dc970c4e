"""Whether a file may be written to as known_hosts: a line in authorized_keys would let the host's owner log in here."""

from __future__ import annotations

import re
import stat
from pathlib import Path

from k8sboot.ssh.known_hosts import KnownHost, parse_line

NAME = "known_hosts"
LARGEST = 8 * 1024 * 1024
NOWHERE = Path("/dev/null")
_OPTIONS = frozenset(
    (
        "agent-forwarding", "cert-authority", "no-agent-forwarding", "no-port-forwarding", "no-pty",
        "no-touch-required", "no-user-rc", "no-x11-forwarding", "port-forwarding", "pty", "restrict",
        "touch-required", "user-rc", "verify-required", "x11-forwarding",
    )
)  # fmt: skip
"""What a line of authorized_keys may begin with and a known host may be called."""


def why_not(file: Path) -> str:
    """Why a new key must not be added to the file; '' where it may: a known_hosts file, or a new one of such a name.

    Symbolic links are followed first: what counts is the file that would be written. Nothing is written to a folder,
    which is a warning when a host has a new key.
    """
    try:
        real = file.resolve()
        text = _text(real)
    except OSError as error:
        return error.strerror or str(error)
    except (RuntimeError, ValueError) as error:
        return str(error)
    if text is None:
        return "" if real == NOWHERE or real.is_dir() else "it is not a regular file, or is larger than 8 MiB"
    if real.name.lower().startswith("authorized_keys"):
        return "it lists keys that may log in"
    return _of_content(real, text)


def _text(real: Path) -> str | None:
    """The file's content, '' where it is not there; None for what is no file of that kind."""
    try:
        found = real.stat()
    except FileNotFoundError:
        return ""
    if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST:
        return None
    with real.open("rb") as file:
        return file.read(LARGEST).decode("utf-8", "surrogateescape")


def _of_content(real: Path, text: str) -> str:
    lines = [line for line in (each.strip(" \t\r") for each in text.split("\n")) if line and line[0] != "#"]
    known = [_is_known_host(parse_line(line, "")) for line in lines]
    if known and all(known):
        return ""
    if NAME not in real.name.lower():
        return f"it holds something else than host keys, or nothing, and is not called {NAME}"
    return "" if any(known) or not lines else "it holds something else than host keys"


def _is_known_host(entry: KnownHost | None) -> bool:
    if entry is None or re.search(r"[\"'=$`;&<>(){}\\]", entry.hosts) and not entry.hosts.startswith("|1|"):
        return False
    return entry.marker != "" or not _OPTIONS.issuperset(entry.hosts.lower().split(","))
