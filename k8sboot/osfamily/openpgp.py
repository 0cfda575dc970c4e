"""Parse OpenPGP public keys (RFC 4880) without gpg. Pure."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator

from k8sboot.text.between import between

_BEGIN, _END = "-----BEGIN PGP PUBLIC KEY BLOCK-----", "-----END PGP PUBLIC KEY BLOCK-----"
_PUBLIC_KEY = 6


def fingerprints(text: str) -> tuple[str, ...]:
    """The v4 fingerprints of the primary keys in an armored text: 40 hexadecimal digits each, in order.

    Empty if there is no key in it, as in a web page. Subkeys are omitted: they belong to their primary key.
    """
    found: list[str] = []
    for block in between(text, _BEGIN, _END):
        found += (
            f
            for tag, body in _packets(_data(block.partition("\n")[2]))
            if tag == _PUBLIC_KEY and (f := _fingerprint(body))
        )
    return tuple(found)


def armored(data: bytes) -> str:
    """A key file's bytes as armored text. An armored file, or one without a key, is returned unchanged."""
    if not data or not data[0] & 0x80 or not any(tag == _PUBLIC_KEY for tag, _ in _packets(data)):
        return data.decode("utf-8", "replace")
    lines = base64.encodebytes(data).decode().replace("\n", "")
    body = "\n".join(lines[start : start + 64] for start in range(0, len(lines), 64))
    check = base64.b64encode(_crc24(data).to_bytes(3, "big")).decode()
    return f"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n{body}\n={check}\n-----END PGP PUBLIC KEY BLOCK-----\n"


def _data(block: str) -> bytes:
    """The bytes in the armor: between the blank line that ends its headers and its checksum."""
    lines = [line.strip() for line in block.splitlines()]
    start = lines.index("") + 1 if "" in lines else 0
    payload = [line for line in lines[start:] if line and not line.startswith("=")]
    try:
        return base64.b64decode("".join(payload), validate=True)
    except ValueError:  # characters that are not base64
        return b""


def _fingerprint(body: bytes) -> str:
    if body[:1] != b"\x04":
        return ""
    # SHA-1 is the definition of a v4 fingerprint (RFC 4880, 12.2).
    return hashlib.sha1(b"\x99" + len(body).to_bytes(2, "big") + body).hexdigest().upper()  # noqa: S324


def _packets(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(tag, body) of each packet, up to the first that is truncated or not allowed in a key file."""
    at = 0
    while at + 1 < len(data) and data[at] & 0x80:
        head = data[at]
        tag = head & 0x3F if head & 0x40 else (head >> 2) & 0x0F
        start, length = _new_length(data, at) if head & 0x40 else _old_length(data, at)
        if length < 0 or start + length > len(data):
            return
        yield tag, data[start : start + length]
        at = start + length


def _new_length(data: bytes, at: int) -> tuple[int, int]:
    """(offset of the body, its length); length -1 for what is not allowed in a key file."""
    first = data[at + 1]
    if first < 192:
        return at + 2, first
    if first < 224 and at + 2 < len(data):
        return at + 3, ((first - 192) << 8) + data[at + 2] + 192
    if first == 255:
        return at + 6, int.from_bytes(data[at + 2 : at + 6], "big")
    return at, -1


def _old_length(data: bytes, at: int) -> tuple[int, int]:
    kind = data[at] & 3
    if kind == 3:
        return at, -1
    size = 1 << kind
    return at + 1 + size, int.from_bytes(data[at + 1 : at + 1 + size], "big")


def _crc24(data: bytes) -> int:
    """The armor's checksum (RFC 4880, 6.1)."""
    crc = 0xB704CE
    for byte in data:
        crc ^= byte << 16
        for _ in range(8):
            crc <<= 1
            if crc & 0x1000000:
                crc ^= 0x1864CFB
    return crc
