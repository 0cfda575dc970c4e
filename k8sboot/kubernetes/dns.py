"""One A query to a name server, and its reply (RFC 1035). Pure bytes; addresses are counted, not parsed."""

from __future__ import annotations

import base64
import ipaddress
import re
import struct
from dataclasses import dataclass

from k8sboot.errors import StepFailed, UsageError

_HEADER = struct.Struct(">HHHHHH")
_A_IN = struct.pack(">HH", 1, 1)
_ADDRESS = re.compile(re.escape(_A_IN) + rb".{4}\x00\x04.{4}", re.DOTALL)
"""What follows a name in a record: type A, class IN, a lifetime, and an address of four bytes."""
_IS_RESPONSE, _WANT_RECURSION = 0x8000, 0x0100
_LARGEST = 65535
_SHORTEST_RECORD = 11
"""Bytes: the root's name, type, class, lifetime and length."""

RCODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}


class BadDnsAnswer(StepFailed):
    """The reply is not an answer to the query."""

    code = "KB-DNS-ANSWER"


@dataclass(frozen=True)
class DnsAnswer:
    """rcode: 0 is success, RCODES names the others. addresses: the number of IPv4 addresses in the answer."""

    rcode: int
    addresses: int

    @property
    def rcode_name(self) -> str:
        """NOERROR, NXDOMAIN, ..."""
        return RCODES.get(self.rcode, f"RCODE{self.rcode}")

    @property
    def is_resolved(self) -> bool:
        """Whether the name was found."""
        return self.rcode == 0 and self.addresses > 0


def a_query(name: str, query_id: int) -> bytes:
    """The datagram that queries name's IPv4 addresses. query_id: 16 bits. Raises UsageError for an invalid name."""
    return _HEADER.pack(query_id & 0xFFFF, _WANT_RECURSION, 1, 0, 0, 0) + _question(name)


def script(name: str, *, server: str, query_id: int) -> str:
    """Shell that queries a server over UDP and prints the reply in base64; nothing if there is none within 5 s.

    base64 writes the query as one datagram; bash's printf would split it at a newline byte.
    """
    query = base64.b64encode(a_query(name, query_id)).decode()
    return (
        f"timeout 5 bash -c 'exec 3<>/dev/udp/{server}/53; "
        f"echo {query} | base64 -d >&3; dd bs=1500 count=1 <&3 2>/dev/null | base64 -w0'"
    )


def server(service_subnet: str) -> str:
    """The address of the cluster's DNS Service."""
    return str(ipaddress.ip_network(service_subnet)[10])


def parse_answer(data: bytes, *, name: str, query_id: int) -> DnsAnswer:
    """The answer to a_query(name, query_id). Raises BadDnsAnswer for anything else, whatever the bytes."""
    if not _HEADER.size <= len(data) <= _LARGEST:
        raise _bad(f"it has {len(data)} bytes")
    found_id, flags, questions, records, _, _ = _HEADER.unpack_from(data)
    if found_id != query_id & 0xFFFF or not flags & _IS_RESPONSE:
        raise _bad("it is the reply to another query")
    question = _question(name) if questions else b""  # a server that refuses a query may leave it out
    rest = data[_HEADER.size :]
    if questions > 1 or rest[: len(question)].lower() != question.lower():
        raise _bad("it quotes another question")
    if len(rest) - len(question) < records * _SHORTEST_RECORD:
        raise _bad("it is truncated")
    found = _ADDRESS.findall(rest[len(question) :])
    return DnsAnswer(rcode=flags & 0xF, addresses=min(len(found), records))


def _question(name: str) -> bytes:
    labels = name.rstrip(".").encode("ascii", "replace").split(b".")
    if not name.isascii() or not all(0 < len(label) < 64 for label in labels) or sum(map(len, labels)) > 240:
        raise UsageError(f"{name[:80]!r} is not a DNS name", why="labels are 1 to 63 ASCII characters")
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0" + _A_IN


def _bad(why: str) -> BadDnsAnswer:
    return BadDnsAnswer(
        "cannot parse the name server's reply",
        why=why,
        fix="check CoreDNS: `kubectl -n kube-system logs -l k8s-app=kube-dns`",
    )
