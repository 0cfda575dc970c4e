"""Read known_hosts files as OpenSSH does, and verify a host's key against them. Pure: no paramiko, no network.

Unreadable lines are skipped with a warning. Markers: @revoked is honoured;
@cert-authority lines are skipped with a warning: host certificates are not supported.
"""

from __future__ import annotations

import base64
import binascii
import fnmatch
import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

MARKERS = ("@revoked", "@cert-authority")
KEY_TYPE = re.compile(r"[a-z0-9@.-]{3,64}\Z", re.IGNORECASE)
Verdict = Literal["match", "changed", "unknown", "revoked"]


@dataclass(frozen=True)
class KnownHost:
    """One line. key: the binary public key; where: file:line."""

    marker: str
    hosts: str
    key_type: str
    key: bytes
    where: str

    @property
    def fingerprint(self) -> str:
        """SHA256:... as ssh-keygen prints it."""
        return fingerprint(self.key)


@dataclass(frozen=True)
class Judgement:
    """The verdict on a key. against: the entries that decided it."""

    verdict: Verdict
    against: tuple[KnownHost, ...] = ()


def fingerprint(key: bytes) -> str:
    """SHA256:... of a binary public key."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


def lookup_name(host: str, port: int) -> str:
    """The name of a host in known_hosts: host, or [host]:port for a port other than 22."""
    return host.lower() if port == 22 else f"[{host.lower()}]:{port}"


def read(paths: Iterable[Path]) -> tuple[list[KnownHost], list[str]]:
    """All entries of the files that exist, and warnings about what could not be read."""
    entries: list[KnownHost] = []
    warnings: list[str] = []
    for path in paths:
        try:
            text = path.read_bytes().decode("utf-8", "surrogateescape")
        except FileNotFoundError:
            continue
        except OSError as error:
            warnings.append(f"cannot read {path}: {error.strerror}")
            continue
        _parse(text, str(path), entries, warnings)
    return entries, warnings


def revoked_keys(path: Path) -> frozenset[bytes]:
    """The keys that a file of RevokedHostKeys lists, a public key on each line. OSError, or ValueError for a KRL."""
    data = path.read_bytes()
    if data.startswith(b"SSHKRL\n\0"):
        raise ValueError("it is a KRL; k8sboot reads a list of public keys")
    words = [
        line.split() for line in data.split(b"\n") if line.strip() and not line.lstrip().startswith(b"#")
    ]
    return frozenset(base64.b64decode(word[1], validate=True) for word in words if len(word) > 1)


def _parse(text: str, path: str, entries: list[KnownHost], warnings: list[str]) -> None:
    for number, line in enumerate(text.split("\n"), start=1):
        where = f"{path}:{number}"
        content = line.strip(" \t\r")
        if not content or content.startswith("#"):
            continue
        entry = parse_line(content, where)
        if entry is None:
            warnings.append(f"{where}: skipped, not a known_hosts line")
        else:
            entries.append(entry)


def parse_line(line: str, where: str) -> KnownHost | None:
    """One non-empty line, or None when it is malformed."""
    fields = re.split(r"[ \t]+", line)
    marker = fields.pop(0) if fields[0].startswith("@") else ""
    if (marker and marker not in MARKERS) or len(fields) < 3 or not KEY_TYPE.match(fields[1]):
        return None
    try:
        key = base64.b64decode(fields[2], validate=True)
    except (binascii.Error, ValueError):
        return None
    if inner_type(key) != fields[1]:
        return None
    return KnownHost(marker, fields[0], fields[1], key, where)


def inner_type(key: bytes) -> str:
    """The key type in a binary public key, or "" when it is not a key."""
    length = int.from_bytes(key[:4], "big")
    if len(key) <= 4 + length or not 0 < length <= 64:
        return ""
    return key[4 : 4 + length].decode("ascii", "replace")


def matches(patterns: str, name: str) -> bool:
    """Whether a line's first field matches the name: hashed, or a list with wildcards and negation."""
    if patterns.startswith("|"):
        return _matches_hash(patterns, name)
    found = False
    for pattern in patterns.split(","):
        negated = pattern.startswith("!")
        if _matches_glob(pattern.removeprefix("!").lower(), name):
            if negated:
                return False
            found = True
    return found


def _matches_hash(field: str, name: str) -> bool:
    parts = field.split("|")
    if len(parts) != 4 or parts[1] != "1":
        return False
    try:
        salt, wanted = base64.b64decode(parts[2]), base64.b64decode(parts[3])
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(
        hmac.new(salt, name.encode("utf-8", "surrogateescape"), "sha1").digest(), wanted
    )


def _matches_glob(pattern: str, name: str) -> bool:
    # Brackets are literal in known_hosts; fnmatch must not read them as a set.
    return fnmatch.fnmatchcase(name, re.sub(r"\[", "[[]", pattern))


def judge(entries: Sequence[KnownHost], *, host: str, port: int, key: bytes) -> Judgement:
    """The verdict on the key that host:port presented.

    As in OpenSSH, a key of the host without a port is valid for its other ports, too; and a revoked one is for none.
    """
    name = lookup_name(host, port)
    revoked = _revoked(entries, {name, lookup_name(host, 22)}, key)
    if revoked:
        return Judgement("revoked", revoked)
    found = _judge_name(entries, name, key)
    if found.verdict == "unknown" and port != 22:
        plain = _judge_name(entries, lookup_name(host, 22), key)
        return plain if plain.verdict == "match" else found
    return found


def _revoked(entries: Sequence[KnownHost], names: Iterable[str], key: bytes) -> tuple[KnownHost, ...]:
    """The entries that revoke the key for one of the names: what is revoked is so on every port."""
    mine = [entry for entry in entries if entry.marker == "@revoked" and entry.key == key]
    return tuple(entry for entry in mine if any(matches(entry.hosts, name) for name in names))


def _judge_name(entries: Sequence[KnownHost], name: str, key: bytes) -> Judgement:
    mine = [entry for entry in entries if matches(entry.hosts, name)]
    plain = tuple(entry for entry in mine if not entry.marker)
    same = tuple(entry for entry in plain if entry.key == key)
    if same:
        return Judgement("match", same)
    return Judgement("changed", plain) if plain else Judgement("unknown")


def known_types(entries: Sequence[KnownHost], *, host: str, port: int) -> list[str]:
    """The known key types of host:port (or the host on port 22), in the order of the files."""
    names = [lookup_name(host, port), lookup_name(host, 22)]
    types = [
        entry.key_type
        for name in names
        for entry in entries
        if not entry.marker and matches(entry.hosts, name)
    ]
    return list(dict.fromkeys(types))
