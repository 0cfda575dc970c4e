"""OpenPGP packets, their numbers and their subpackets (RFC 4880, 3 and 4). Every byte belongs to one of them. Pure."""

from __future__ import annotations

from collections.abc import Iterator

PUBLIC_KEY, SIGNATURE, USER_ID, PUBLIC_SUBKEY, USER_ATTRIBUTE = 6, 2, 13, 14, 17


class Malformed(ValueError):
    """Why bytes are not what they should be; the text completes 'it ...'."""


def packets(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(tag, body) of each packet."""
    at = 0
    while at < len(data):
        head = data[at]
        if not head & 0x80:
            raise Malformed(f"has bytes between its packets, at byte {at}")
        is_new = bool(head & 0x40)
        tag = head & 0x3F if is_new else (head >> 2) & 0x0F
        start, length = _new_length(data, at + 1) if is_new else _old_length(data, at)
        if start + length > len(data):
            raise Malformed("ends within a packet")
        yield tag, data[start : start + length]
        at = start + length


def packet(tag: int, body: bytes) -> bytes:
    """A packet in the old format, which every reader knows, with the shortest length."""
    kind = 0 if len(body) < 1 << 8 else 1 if len(body) < 1 << 16 else 2
    return bytes([0x80 | tag << 2 | kind]) + len(body).to_bytes(1 << kind, "big") + body


def _old_length(data: bytes, at: int) -> tuple[int, int]:
    """(offset of the body, its length)."""
    kind = data[at] & 3
    if kind == 3:
        raise Malformed("has a packet of indeterminate length")
    size = 1 << kind
    return at + 1 + size, number(data, at + 1, size)


def _new_length(data: bytes, at: int) -> tuple[int, int]:
    """(offset of the body, its length), from the length's first byte on."""
    first = number(data, at, 1)
    if first < 192:
        return at + 1, first
    if first < 224:
        return at + 2, ((first - 192) << 8) + number(data, at + 1, 1) + 192
    if first < 255:
        raise Malformed("has a packet of partial length")
    return at + 5, number(data, at + 1, 4)


def number(data: bytes, at: int, size: int) -> int:
    """The number in these bytes, all of which must be there."""
    if at + size > len(data):
        raise Malformed("ends within a number")
    return int.from_bytes(data[at : at + size], "big")


def mpi(data: bytes, at: int) -> tuple[int, int]:
    """(multiprecision integer, offset behind it). Its bit count must be exact: readers differ on others."""
    bits = number(data, at, 2)
    size = (bits + 7) // 8
    value = number(data, at + 2, size)
    if value.bit_length() != bits:
        raise Malformed("has a number with a wrong bit count")
    return value, at + 2 + size


def mpis(data: bytes, at: int, count: int) -> tuple[int, ...]:
    """That many multiprecision integers, with which the bytes end."""
    found = []
    for _ in range(count):
        value, at = mpi(data, at)
        found.append(value)
    if at != len(data):
        raise Malformed("has bytes behind the numbers of a key or signature")
    return tuple(found)


def subpackets(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(type without the critical bit, body) of each subpacket of a signature (5.2.3.1)."""
    at = 0
    while at < len(data):
        first = data[at]
        if first < 192:
            start, length = at + 1, first
        elif first < 255:
            start, length = at + 2, ((first - 192) << 8) + number(data, at + 1, 1) + 192
        else:
            start, length = at + 5, number(data, at + 1, 4)
        if not length or start + length > len(data):
            raise Malformed("ends within a field of a signature")
        yield data[start] & 0x7F, data[start + 1 : start + length]
        at = start + length


def subpacket(kind: int, body: bytes) -> bytes:
    """A subpacket, not critical."""
    size = len(body) + 1
    if size < 192:
        head = bytes([size])
    elif size < 192 + (63 << 8):
        head = bytes([192 + ((size - 192) >> 8), (size - 192) & 0xFF])
    else:
        head = b"\xff" + size.to_bytes(4, "big")
    return head + bytes([kind]) + body
