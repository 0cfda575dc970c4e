"""ASCII armor of public keys (RFC 4880, 6.2). Every line belongs to a block, or is empty between blocks. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from k8sboot.osfamily.openpgp.packets import Malformed

BEGIN, END = "-----BEGIN PGP PUBLIC KEY BLOCK-----", "-----END PGP PUBLIC KEY BLOCK-----"
_HEADER = re.compile(r"(?:Version|Comment|Hash|Charset|MessageID): [ -~]*")
_LINE = re.compile(r"[A-Za-z0-9+/]{1,76}={0,2}")
_CHECKSUM = re.compile(r"=[A-Za-z0-9+/]{4}")
_WIDTH = 64


def armored(data: bytes) -> str:
    """One block, with its checksum and no headers."""
    text = base64.b64encode(data).decode()
    body = "\n".join(text[start : start + _WIDTH] for start in range(0, len(text), _WIDTH))
    return f"{BEGIN}\n\n{body}\n={_checksum(data)}\n{END}\n"


def blocks(text: str) -> Iterator[bytes]:
    """The bytes in each block. Blanks at the end of a line, and its end as in DOS, do not matter."""
    lines = iter(line.rstrip(" \t\r") for line in text.split("\n"))
    for line in lines:
        if line == BEGIN:
            yield _block(lines)
        elif line:
            raise Malformed(f"has text outside of its armored key: {line[:60]!r}")


def _block(lines: Iterator[str]) -> bytes:
    """The bytes of a block, from behind its first line to its last line."""
    for line in lines:
        if not line:
            break
        if not _HEADER.fullmatch(line):
            raise Malformed(f"has an armored key without an empty line before its data: {line[:60]!r}")
    body, checksum = _body(lines)
    try:
        data = base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise Malformed("has an armored key that is not base64") from error
    if checksum and checksum != f"={_checksum(data)}":
        raise Malformed("has an armored key with a wrong checksum")
    return data


def _body(lines: Iterator[str]) -> tuple[str, str]:
    """(base64, the line of the checksum or '') up to the last line of the block."""
    body: list[str] = []
    for line in lines:
        if line == END:
            return "".join(body), ""
        if _CHECKSUM.fullmatch(line):
            if next(lines, "") != END:
                raise Malformed("has an armored key that goes on behind its checksum")
            return "".join(body), line
        if not _LINE.fullmatch(line) or (body and body[-1].endswith("=")):
            raise Malformed(f"has an armored key with a line that is not base64: {line[:60]!r}")
        body.append(line)
    raise Malformed("ends within an armored key")


def _checksum(data: bytes) -> str:
    """CRC-24 (6.1) in base64."""
    crc = 0xB704CE
    for byte in data:
        crc = (crc << 8 & 0xFFFFFF) ^ _CRC_OF_BYTE[crc >> 16 ^ byte]
    return base64.b64encode(crc.to_bytes(3, "big")).decode()


def _crc_of(byte: int) -> int:
    crc = byte << 16
    for _ in range(8):
        crc = (crc << 1) ^ (0x1864CFB if crc & 0x800000 else 0)
    return crc


_CRC_OF_BYTE = tuple(map(_crc_of, range(256)))
