"""Security: no bytes in a key file give another reader a key that this one has not told."""

from __future__ import annotations

import pytest
from key_attacks import CLEANED, FOREIGN_TOLD, PINNED, REFUSED
from keys import FINGERPRINT, STRANGER_FINGERPRINT

from k8sboot.osfamily import openpgp
from k8sboot.osfamily.openpgp import packets, public_keys


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_a_key_file_with_anything_else_in_it_is_refused(data: bytes):
    with pytest.raises(openpgp.Malformed):
        openpgp.certificates(data)


@pytest.mark.parametrize("data", FOREIGN_TOLD.values(), ids=FOREIGN_TOLD)
def test_a_key_beside_the_pinned_one_is_told(data: bytes):
    assert {c.fingerprint for c in openpgp.certificates(data)} == {FINGERPRINT, STRANGER_FINGERPRINT}


@pytest.mark.parametrize("data", CLEANED.values(), ids=CLEANED)
def test_only_what_the_key_has_signed_is_written(data: bytes):
    assert data != PINNED
    assert openpgp.keyring(openpgp.certificates(data)) == PINNED


@pytest.mark.parametrize(
    "numbers",
    [(1 << 20000 | 1, 3), ((1 << 2048) - 1, 1 << 100 | 1), (0, 3)],
    ids=["modulus", "exponent", "0"],
)
def test_numbers_that_would_only_take_time_are_refused(numbers):
    told = b"".join(
        n.bit_length().to_bytes(2, "big") + n.to_bytes((n.bit_length() + 7) // 8, "big") for n in numbers
    )
    with pytest.raises(openpgp.Malformed, match="size"):
        public_keys.public_key(b"\x04\0\0\0\0\x01" + told)


def test_more_signatures_than_a_key_has_are_refused():
    own = packets.packet(*list(packets.packets(PINNED))[2])
    with pytest.raises(openpgp.Malformed, match="signatures"):
        openpgp.certificates(PINNED + own * 300)


def test_a_number_with_a_wrong_bit_count_makes_another_key_for_some_readers():
    body = next(packets.packets(PINNED))[1]
    wrong = body.replace(b"\x01\x07\x40", b"\x01\x08\x40")
    assert wrong != body
    with pytest.raises(openpgp.Malformed, match="bit count"):
        public_keys.public_key(wrong)
