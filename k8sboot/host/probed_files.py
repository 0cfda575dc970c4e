"""Files that a probe read all together: their states, their digests, and their contents one after the other.

A file may change between these reads. Its content then has another digest, and so has that of every file behind it:
a file whose content is not certain is missing, and k8sboot reads it again, apart from others.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from k8sboot.host.snapshot import FileState

MAX_CONTENT = 64 * 1024
"""Bytes. The content of a larger file is not in a probe; its digest always is."""

_States = dict[str, FileState]


class Files:
    """The answers about files, in the order in which a probe gives them."""

    KINDS = frozenset(("states", "digests", "contents", "values"))

    def __init__(self) -> None:
        self._states: _States = {}
        self._digests: dict[str, str] = {}

    def take(self, kind: str, body: bytes) -> _States:
        """The files of which everything is known with this answer."""
        if kind == "states":
            self._states = dict(_states(body))
        elif kind == "digests":
            self._digests = dict(_digests(body))
        elif kind == "contents":
            return _alone(self._states, self._digests, body) or dict(
                _certain(self._states, self._digests, body)
            )
        elif kind == "values":
            return dict(_valued(self._states, body))
        return {}


def _states(body: bytes) -> Iterator[tuple[str, FileState]]:
    """Lines of: size, mode, numbers of owner and group, their names, path."""
    for line in body.decode("utf-8", "replace").split("\n"):
        found = _STATE.match(line)
        if found:
            size, mode, numbers, names, path = found.groups()
            owner = numbers if "UNKNOWN" in names else names
            yield path, FileState(int(mode, 8), owner, int(size), "", None)


_STATE = re.compile(r"([0-9]{1,18}) ([0-7]{1,6}) ([0-9]+:[0-9]+) ([^/]+) (/.*)\Z", re.ASCII)


def _digests(body: bytes) -> Iterator[tuple[str, str]]:
    """Lines of: digest, two blanks, path. A backslash before the digest says that the path is escaped."""
    for line in body.decode("utf-8", "replace").split("\n"):
        digest, blanks, path = line.partition("  ")
        if blanks:
            yield path, digest.removeprefix("\\")


def _certain(states: _States, digests: dict[str, str], body: bytes) -> Iterator[tuple[str, FileState]]:
    """The files that were read, each with its part of the contents, if that has the digest of the file."""
    at = 0
    for path, state in states.items():
        digest = digests.get(path, "")
        if not digest:
            continue
        if state.size > MAX_CONTENT:
            yield path, replace(state, sha256=digest)
            continue
        content, at = body[at : at + state.size], at + state.size
        if _sha256(content) == digest:
            yield path, replace(state, sha256=digest, content=content)


def _alone(states: _States, digests: dict[str, str], body: bytes) -> _States:
    """A file that was read apart from others: its content is all that was read, whatever its size was before."""
    if len(states) != 1 or not digests:
        return {}
    ((path, state),) = states.items()
    if state.size > MAX_CONTENT or len(body) > MAX_CONTENT:
        return {path: replace(state, sha256=next(iter(digests.values())))}
    return {path: replace(state, size=len(body), sha256=_sha256(body), content=body)}


def _valued(states: _States, body: bytes) -> Iterator[tuple[str, FileState]]:
    """The kernel's files, from lines that begin with their paths."""
    contents: dict[str, bytes] = {}
    for line in body.split(b"\n"):
        name, colon, value = line.partition(b":")
        if colon:
            key = name.decode("utf-8", "replace")
            contents[key] = contents.get(key, b"") + value + b"\n"
    for path, state in states.items():
        content = contents.get(path, b"")
        yield path, replace(state, sha256=_sha256(content), content=content)


@lru_cache(maxsize=256)
def _sha256(content: bytes) -> str:
    """Most hosts have most files in common."""
    return hashlib.sha256(content).hexdigest()
