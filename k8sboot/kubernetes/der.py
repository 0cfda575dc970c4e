"""The fields of DER, the binary form of certificates: as much as k8sboot reads of them."""

from __future__ import annotations


def field(der: bytes, begin: int, *tags: int, is_cut: bool = False) -> tuple[int, int, int]:
    """(start, start of its content, end) of the DER field at that offset, which must have one of these tags.

    is_cut: der may end before the field does. Raises ValueError, and IndexError at the end of der.
    """
    if der[begin] not in tags:
        raise ValueError(f"byte {begin} is 0x{der[begin]:02x}, not 0x{tags[0]:02x}")
    length, content = der[begin + 1], begin + 2
    if length & 0x80:
        size = length & 0x7F
        length, content = int.from_bytes(der[content : content + size], "big"), content + size
    if content + length > len(der) and not is_cut:
        raise ValueError("it is truncated")
    return begin, content, content + length
