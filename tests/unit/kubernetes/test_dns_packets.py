from __future__ import annotations

import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from k8sboot.errors import K8sbootError, UsageError
from k8sboot.kubernetes.dns import BadDnsAnswer, DnsAnswer, a_query, parse_answer

NAME = "kubernetes.default.svc.cluster.local"
QUESTION = b"\x0akubernetes\x07default\x03svc\x07cluster\x05local\x00\x00\x01\x00\x01"


def record(address: bytes, kind: int = 1) -> bytes:
    return b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 30, len(address)) + address


def answer(*records: bytes, flags: int = 0x8180, query_id: int = 7, question: bytes = QUESTION) -> bytes:
    counts = (1 if question else 0, len(records), 0, 0)
    return struct.pack(">HHHHHH", query_id, flags, *counts) + question + b"".join(records)


def parsed(data: bytes) -> DnsAnswer:
    return parse_answer(data, name=NAME, query_id=7)


def test_a_query_is_as_rfc_1035_writes_it() -> None:
    assert a_query(NAME, 7) == b"\x00\x07\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + QUESTION


def test_a_dot_at_the_end_makes_no_difference() -> None:
    assert a_query(NAME + ".", 7) == a_query(NAME, 7)


@pytest.mark.parametrize("name", ["", ".", "a..b", "x" * 64, "é.example", ".".join(["a" * 60] * 5)])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        a_query(name, 7)


def test_an_answer_with_records_resolves_the_name() -> None:
    found = parsed(answer(record(b"\x0a\x60\x00\x01"), record(b"\x0a\x60\x00\x02")))
    assert (found, found.is_resolved) == (DnsAnswer(0, 2), True)


def test_an_answer_without_records_resolves_nothing() -> None:
    assert not parsed(answer()).is_resolved
    assert not parsed(answer(record(b"\x0a\x60\x00\x01"), flags=0x8182)).is_resolved


def test_an_alias_alone_resolves_nothing_and_one_on_the_way_does_not_count() -> None:
    alias = record(b"\x01a\x01b\x00", kind=5)
    assert parsed(answer(alias)) == DnsAnswer(0, 0)
    assert parsed(answer(alias, record(b"\x0a\x60\x00\x01"))) == DnsAnswer(0, 1)
    assert not parsed(answer(alias)).is_resolved


def test_a_name_that_does_not_exist_says_so() -> None:
    found = parsed(answer(flags=0x8183))
    assert (found.rcode_name, found.addresses) == ("NXDOMAIN", 0)
    assert parsed(answer(flags=0x818F)).rcode_name == "RCODE15"


def test_a_refusal_may_leave_the_question_out() -> None:
    assert parsed(answer(flags=0x8185, question=b"")).rcode_name == "REFUSED"


def test_the_case_of_the_name_does_not_matter() -> None:
    assert parsed(answer(question=QUESTION.replace(b"default", b"DeFault"))).rcode == 0


@pytest.mark.parametrize(
    "data",
    [
        b"",
        answer()[:11],
        answer(query_id=8),
        answer(flags=0x0100),
        answer(question=QUESTION.replace(b"default", b"another")),
        answer(record(b"\x0a\x60\x00\x01"))[:-6],
        struct.pack(">HHHHHH", 7, 0x8180, 1, 65535, 0, 0) + QUESTION,
        struct.pack(">HHHHHH", 7, 0x8180, 9, 0, 0, 0) + QUESTION,
        answer() + b"\0" * 65536,
    ],
    ids=[
        *("empty", "cut header", "other id", "a query", "other question", "cut record"),
        *("too many promised", "many questions", "too long"),
    ],
)
def test_what_is_no_answer_to_the_question_is_refused(data: bytes) -> None:
    with pytest.raises(BadDnsAnswer):
        parsed(data)


@given(st.binary(max_size=600))
@example(b"\xc0\x0c" * 200)
def test_no_datagram_breaks_the_parser(data: bytes) -> None:
    for hostile in (data, answer() + data, struct.pack(">HHHHHH", 7, 0x8180, 1, 9, 0, 0) + QUESTION + data):
        try:
            found = parsed(hostile)
        except K8sbootError:
            continue
        assert found.addresses <= len(hostile) // 14
