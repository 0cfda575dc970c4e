"""Keys that nothing pins: the first one seen at a URL is remembered on this machine, as ssh remembers host keys."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

_LOCK = threading.Lock()


def path() -> Path:
    """A line for each URL: the URL, and the fingerprints of its keys. RuntimeError without a home directory."""
    base = os.environ.get("XDG_STATE_HOME") or Path("~/.local/state").expanduser()
    return Path(base) / "k8sboot" / "known_keys"


def first_seen(url: str, found: frozenset[str]) -> frozenset[str]:
    """The fingerprints that were first seen at a URL: these, which are remembered, if none were.

    A file that cannot be read or written is not a failure: then nothing is known.
    """
    place = _without_login(url)
    with _LOCK, suppress(OSError, RuntimeError):
        known = _known(place)
        if known:
            return known
        _append(f"{place} {' '.join(sorted(found))}\n")
    return found


def _known(place: str) -> frozenset[str]:
    if not path().is_file():
        return frozenset()
    for line in path().read_text("utf-8", "replace").splitlines():
        url, *fingerprints = line.split() or [""]
        if url == place:
            return frozenset(fingerprints)
    return frozenset()


def _append(line: str) -> None:
    path().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
    handle = os.open(path(), flags, 0o600)
    try:
        os.write(handle, line.encode())
    finally:
        os.close(handle)


def _without_login(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
