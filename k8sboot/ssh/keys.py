"""Load private keys from files, with a plain reason when one cannot be used."""

from __future__ import annotations

import base64
import os
import shlex
from pathlib import Path
from typing import cast

from cryptography.exceptions import UnsupportedAlgorithm
from paramiko import PKey, SSHException
from paramiko.pkey import UnknownKeyType

from k8sboot.secret import Secret
from k8sboot.ssh.known_hosts import inner_type
from k8sboot.text.between import between

LARGEST = 1024 * 1024
MAGIC = b"openssh-key-v1\0"
SECURITY_KEY = "a FIDO security key (sk-*): k8sboot cannot sign with its hardware; use another key"


class Unusable(Exception):
    """A key file that cannot be used; the text says why and what to do."""


def load(path: Path, passphrase: Secret | None) -> PKey:
    """The private key in path, with the certificate beside it (PATH-cert.pub) if any. Raises Unusable."""
    data = _contents(path)
    kind, encrypted = peek(data)
    if kind.startswith("sk-"):
        raise Unusable(SECURITY_KEY)
    if encrypted and passphrase is None:
        raise Unusable(
            "it is encrypted and no passphrase is set: set `passphrase`, or add it to an agent with `ssh-add`"
        )
    try:
        # Bytes, despite paramiko's annotation: cryptography, below it, takes nothing else.
        secret = cast("str | None", passphrase.reveal().encode() if encrypted and passphrase else None)
        return PKey.from_path(path, secret)
    except (ValueError, TypeError, SSHException, UnknownKeyType, UnsupportedAlgorithm, IndexError) as error:
        if encrypted:
            raise Unusable("the passphrase is wrong, or the file is damaged") from None
        raise Unusable(f"it is not a private key that k8sboot can read ({type(error).__name__})") from None


def _contents(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
        if mode & 0o077 and path.stat().st_uid == os.getuid():
            raise Unusable(
                f"its mode {mode & 0o777:04o} lets other users read it: `chmod 600 {shlex.quote(str(path))}`"
            )
        return _bytes(path)
    except OSError as error:
        raise Unusable(error.strerror or str(error)) from None


def _bytes(path: Path) -> bytes:
    """A file's bytes, of which more than LARGEST are no key. OSError."""
    with path.open("rb") as file:
        return file.read(LARGEST)


def peek(data: bytes) -> tuple[str, bool]:
    """Key type ("" where the format hides it) and whether it is encrypted, without a passphrase."""
    body = next(between(data, b"-----BEGIN OPENSSH PRIVATE KEY-----", b"-----END"), None)
    if body is None:
        return "", b"ENCRYPTED" in data
    try:
        raw = base64.b64decode(b"".join(body.split()))
    except ValueError:
        return "", False
    fields = _strings(raw.removeprefix(MAGIC))
    if not raw.startswith(MAGIC) or len(fields) < 3:
        return "", False
    return inner_type(fields[3]) if len(fields) > 3 else "", fields[0] != b"none"


def _strings(raw: bytes) -> list[bytes]:
    """cipher, kdf, kdf options and the public key of an openssh-key-v1 body."""
    fields: list[bytes] = []
    at = 0
    for number in range(4):
        at += 4 if number == 3 else 0  # the number of keys stands before the public key
        length = int.from_bytes(raw[at : at + 4], "big")
        fields.append(raw[at + 4 : at + 4 + length])
        at += 4 + length
    return fields


def public_part(path: Path) -> bytes | None:
    """The binary public key of a key file, from PATH.pub or its own clear part; None when there is none."""
    try:
        words = _bytes(path.with_name(path.name + ".pub")).split()
        return base64.b64decode(words[1])
    except (OSError, ValueError, IndexError):
        pass
    try:
        raw = next(between(_bytes(path), b"PRIVATE KEY-----", b"-----END"), b"")
        body = base64.b64decode(b"".join(raw.split()))
    except (OSError, ValueError):
        return None
    return _strings(body.removeprefix(MAGIC))[3] if body.startswith(MAGIC) else None
