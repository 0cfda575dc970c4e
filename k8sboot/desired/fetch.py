"""Files that a run needs, read on this machine: from a URL, cached by checksum, or from a path."""

from __future__ import annotations

import hashlib
import http.client
import os
import queue
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPMessage
from pathlib import Path
from typing import IO
from urllib.request import BaseHandler, Request

from k8sboot.errors import Refused
from k8sboot.text.write_file import write_whole

MAX_SIZE = 16 * 1024 * 1024
TIMEOUT = 30
"""Seconds of silence."""
DEADLINE = 300
"""Seconds for all of it: a server that sends a byte now and then is not waited for."""


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a redirect to HTTP or HTTPS, and none from HTTPS to HTTP."""

    def redirect_request(  # noqa: PLR0913 - urllib's
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        """The request for the new URL. Raises URLError where it is not followed."""
        scheme = newurl.partition("://")[0].lower()
        if scheme not in ("https", req.type):
            raise urllib.error.URLError(f"it redirects to {newurl}, which is not followed")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


HANDLERS: list[Callable[[], BaseHandler]] = [
    urllib.request.ProxyHandler,
    urllib.request.HTTPHandler,
    urllib.request.HTTPSHandler,
    urllib.request.HTTPDefaultErrorHandler,
    urllib.request.HTTPErrorProcessor,
    _Redirects,
]
"""What urllib asks with: nothing that opens files, FTP or data URLs."""


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
        data = _within(DEADLINE, lambda: _read(url))
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


def _read(url: str) -> bytes:
    opener = urllib.request.OpenerDirector()
    for handler in HANDLERS:
        opener.add_handler(handler())
    with opener.open(url, timeout=TIMEOUT) as answer:
        data: bytes = answer.read(MAX_SIZE + 1)
        return data


def _within(seconds: float, fetch: Callable[[], bytes]) -> bytes:
    """What fetch returns or raises. TimeoutError after these seconds; it is then left to itself."""
    result: queue.SimpleQueue[bytes | BaseException] = queue.SimpleQueue()

    def run() -> None:
        try:
            result.put(fetch())
        except BaseException as error:  # raised where it is waited for
            result.put(error)

    threading.Thread(target=run, name="k8sboot-fetch", daemon=True).start()
    try:
        found = result.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"it did not arrive within {seconds:g} s") from None
    if isinstance(found, BaseException):
        raise found
    return found


def _from_file(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_SIZE + 1)
    except OSError as error:
        raise Refused(f"cannot read {path}", why=error.strerror or str(error), code="KB-FETCH") from error
    if len(data) > MAX_SIZE:
        raise Refused(f"{path} is larger than {MAX_SIZE >> 20} MiB", code="KB-FETCH")
    return data


def _store(path: Path, data: bytes) -> None:
    """Store a copy in the cache. A cache that cannot be written is not a failure."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, data)
