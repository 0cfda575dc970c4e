"""Files that a run needs, read on this machine: from a URL, cached by checksum, or from a path."""

from __future__ import annotations

import hashlib
import http.client
import os
import urllib.request
from contextlib import suppress
from pathlib import Path

from k8sboot.errors import Refused
from k8sboot.text.write_file import write_whole

MAX_SIZE = 16 * 1024 * 1024
TIMEOUT = 30


def text(source: str, *, sha256: str = "") -> str:
    """The text at a URL or path. sha256: its required digest, with which a cached copy saves the download."""
    cached = _cached(sha256)
    if cached and cached.is_file():
        data = cached.read_bytes()
        if hashlib.sha256(data).hexdigest() == sha256:
            return data.decode("utf-8", "replace")
    data = _from_url(source) if "://" in source else _from_file(source)
    if data.lstrip()[:1] == b"<":
        raise Refused(
            f"{source} is a web page",
            why="a server or proxy sent a web page in place of the file",
            fix="open it in a browser, then set a mirror or a local file in the inventory",
            code="KB-FETCH",
        )
    found = hashlib.sha256(data).hexdigest()
    if sha256 and found != sha256:
        raise Refused(
            f"{source} does not match the inventory's checksum",
            why=f"its SHA-256 is {found}, expected {sha256}",
            fix="check what it serves; change the sha256 only if you trust it",
            code="KB-DIGEST",
        )
    if cached and "://" in source:
        _store(cached, data)
    return data.decode("utf-8", "replace")


def _cached(sha256: str) -> Path | None:
    """The path of the cached copy; None without a digest, or without a home directory."""
    try:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError:
        return None
    return Path(base) / "k8sboot" / "files" / sha256 if sha256 else None


def _from_url(url: str) -> bytes:
    if not url.startswith(("http://", "https://")):
        raise Refused(f"{url} is not an http(s) URL", code="KB-FETCH")
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as answer:  # noqa: S310 - the scheme is checked above
            data: bytes = answer.read(MAX_SIZE + 1)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Refused(
            f"cannot download {url}",
            why=str(getattr(error, "reason", "") or error or type(error).__name__),
            fix="set a mirror or a local file in the inventory (this machine downloads it, not the hosts)",
            code="KB-FETCH",
        ) from error
    if len(data) > MAX_SIZE:
        raise Refused(f"{url} is larger than {MAX_SIZE >> 20} MiB", code="KB-FETCH")
    return data


def _from_file(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise Refused(f"cannot read {path}", why=error.strerror or str(error), code="KB-FETCH") from error


def _store(path: Path, data: bytes) -> None:
    """Store a copy in the cache. A cache that cannot be written is not a failure."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, data)
