"""One question to a name server, and its answer: an A query as RFC 1035 writes it. Pure bytes."""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass

from k8sboot.errors import StepFailed, UsageError

_HEADER = struct.Struct(">HHHHHH")
_RECORD = struct.Struct(">HHIH")
_TYPE_A = 1
_CLASS_IN = 1
_IS_RESPONSE, _TRUNCATED, _WANT_RECURSION = 0x8000, 0x0200, 0x0100
_LARGEST = 65535

RCODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}


class BadDnsAnswer(StepFailed):
    """What came back is no answer to the question."""

    code = "KB-DNS-ANSWER"


@dataclass(frozen=True)
class DnsAnswer:
    """rcode: 0 is success, RCODES names the others. addresses: IPv4, in the order of the answer."""

    rcode: int
    addresses: tuple[str, ...]
    is_truncated: bool

    @property
    def rcode_name(self) -> str:
        """NOERROR, NXDOMAIN, ..."""
        return RCODES.get(self.rcode, f"RCODE{self.rcode}")


def a_query(name: str, query_id: int) -> bytes:
    """The datagram that asks for name's IPv4 addresses. query_id: 16 bits. UsageError for a bad name."""
    header = _HEADER.pack(query_id & 0xFFFF, _WANT_RECURSION, 1, 0, 0, 0)
    return header + _encoded(name) + struct.pack(">HH", _TYPE_A, _CLASS_IN)


def parse_answer(data: bytes, *, name: str, query_id: int) -> DnsAnswer:
    """The answer to a_query(name, query_id). Raises BadDnsAnswer for anything else, whatever the bytes.

    Every step consumes bytes of the datagram and no compressed name is followed, so no bytes make it loop.
    """
    try:
        return _parsed(data, name=name, query_id=query_id)
    except (struct.error, IndexError, ValueError) as error:
        raise _bad(str(error) or "it is cut short") from None


def _parsed(data: bytes, *, name: str, query_id: int) -> DnsAnswer:
    if len(data) > _LARGEST:
        raise ValueError("it is longer than a datagram")
    found_id, flags, questions, answers, _, _ = _HEADER.unpack_from(data)
    if found_id != query_id & 0xFFFF or not flags & _IS_RESPONSE:
        raise ValueError("it answers another question")
    question = _encoded(name) + struct.pack(">HH", _TYPE_A, _CLASS_IN)
    offset = _HEADER.size
    # Servers that refuse a question may leave it out.
    if questions:
        if questions != 1 or data[offset : offset + len(question)].lower() != question.lower():
            raise ValueError("it repeats another question")
        offset += len(question)
    return DnsAnswer(
        rcode=flags & 0xF,
        addresses=_addresses(data, offset, answers),
        is_truncated=bool(flags & _TRUNCATED),
    )


def _addresses(data: bytes, offset: int, count: int) -> tuple[str, ...]:
    found = []
    for _ in range(count):
        offset = _after_name(data, offset)
        kind, group, _, length = _RECORD.unpack_from(data, offset)
        offset += _RECORD.size
        payload = data[offset : offset + length]
        if len(payload) != length:
            raise ValueError("a record is cut short")
        offset += length
        # CNAMEs on the way are passed over: the server resolved them, and their A records follow.
        if (kind, group) == (_TYPE_A, _CLASS_IN):
            found.append(str(ipaddress.IPv4Address(payload)))
    return tuple(found)


def _after_name(data: bytes, offset: int) -> int:
    """The offset behind the name at offset; a pointer ends a name and is not followed."""
    while True:
        length = data[offset]
        if length >= 0xC0:
            return offset + 2
        if length > 63:
            raise ValueError("a label is of no known kind")
        offset += 1 + length
        if length == 0:
            return offset


def _encoded(name: str) -> bytes:
    labels = name.rstrip(".").encode("ascii", "replace").split(b".")
    if not name.isascii() or not all(0 < len(label) < 64 for label in labels) or sum(map(len, labels)) > 240:
        raise UsageError(
            f"{name[:80]!r} is no name that DNS knows", why="labels are 1 to 63 ASCII characters"
        )
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def _bad(why: str) -> BadDnsAnswer:
    return BadDnsAnswer(
        "the name server's answer cannot be read",
        why=why,
        fix="look at CoreDNS: kubectl -n kube-system logs -l k8s-app=kube-dns",
    )
