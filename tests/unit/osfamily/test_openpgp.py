from __future__ import annotations

import shutil
import subprocess
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keys import (
    DATED_FINGERPRINT,
    FINGERPRINT,
    KEY,
    STRANGER,
    STRANGER_FINGERPRINT,
    UNTIL_2024,
    UNTIL_2026,
    UNTIL_2029,
    unarmored,
)

from k8sboot.osfamily import openpgp
from k8sboot.osfamily.openpgp import packets
from k8sboot.osfamily.openpgp.signatures import signature

BOTH = pytest.mark.parametrize(
    ("text", "found"),
    [(KEY, FINGERPRINT), (STRANGER, STRANGER_FINGERPRINT)],
    ids=["ed25519", "rsa, a subkey"],
)


def fingerprints(data: bytes | str) -> tuple[str, ...]:
    raw = data if isinstance(data, bytes) else data.encode()
    return tuple(c.fingerprint for c in openpgp.certificates(raw))


def why_not(data: bytes | str) -> str:
    with pytest.raises(openpgp.Malformed) as found:
        fingerprints(data)
    return str(found.value)


def test_fingerprints_are_those_of_primary_keys_in_order():
    assert fingerprints(KEY) == (FINGERPRINT,)
    assert fingerprints(STRANGER) == (STRANGER_FINGERPRINT,), "the subkey is not told"
    assert fingerprints(f"\n{STRANGER}\n\n{KEY}") == (STRANGER_FINGERPRINT, FINGERPRINT)


@pytest.mark.parametrize("change", ["\r\n", "  \n"])
def test_other_line_ends_do_not_matter(change):
    assert fingerprints(KEY.replace("\n", change)) == (FINGERPRINT,)


def test_headers_of_the_armor_do_not_matter():
    text = KEY.replace("BLOCK-----\n", "BLOCK-----\nVersion: GnuPG v1.4.7 (GNU/Linux)\nComment: x\n", 1)
    assert fingerprints(text) == (FINGERPRINT,)
    assert fingerprints(KEY.replace("=zDe4\n", "")) == (FINGERPRINT,), "nor that it has no checksum"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("", "no OpenPGP key"),
        ("<html>-----BEGIN PGP PUBLIC KEY BLOCK-----</html>", "text outside"),
        (KEY[:200], "ends within"),
        (KEY.replace("m", "%"), "not base64"),
        (KEY.replace("=zDe4", "=zDe5"), "checksum"),
        (KEY.replace("Hk1q/2C0", "Hk1q/2C1"), "checksum"),
        (unarmored(KEY)[:-1], "ends within a packet"),
        (b"\x99" * 300_000, "more than 256 KiB"),
        (packets.packet(6, b"\x06" + unarmored(KEY)[3:53]), "version 6"),
    ],
    ids=["nothing", "html", "cut", "not base64", "checksum", "changed", "cut binary", "large", "version 6"],
)
def test_what_is_no_key_is_refused_with_the_reason(data, words):
    assert words in why_not(data)


def test_a_changed_byte_is_a_key_that_has_not_signed_itself():
    data = unarmored(KEY)
    assert "has not signed itself" in why_not(data[:5] + bytes([data[5] ^ 1]) + data[6:])


@BOTH
def test_both_forms_are_read_and_written(text, found):
    binary = unarmored(text)
    certificates = openpgp.certificates(binary)
    assert certificates == openpgp.certificates(text.encode())
    assert openpgp.armored(certificates) == openpgp.blocks(certificates) == text
    assert openpgp.keyring(certificates) == binary
    assert openpgp.summary(certificates) == f"key {found}"


def test_two_keys_are_one_keyring_for_apt_and_two_blocks_for_rpm():
    both = openpgp.certificates((KEY + STRANGER).encode())
    assert openpgp.keyring(both) == unarmored(KEY) + unarmored(STRANGER)
    assert openpgp.blocks(both) == KEY + STRANGER
    assert openpgp.armored(both).count("BEGIN") == 1
    assert openpgp.certificates(openpgp.armored(both).encode()) == both


@pytest.mark.parametrize("text", [KEY, STRANGER])
def test_packets_with_lengths_of_any_size_are_the_same(text):
    parts = list(packets.packets(unarmored(text)))
    new = b"".join(bytes([0xC0 | tag, 255]) + len(body).to_bytes(4, "big") + body for tag, body in parts)
    old = b"".join(bytes([0x82 | tag << 2]) + len(body).to_bytes(4, "big") + body for tag, body in parts)
    for data in (new, old):
        assert openpgp.keyring(openpgp.certificates(data)) == unarmored(text)


@given(st.lists(st.tuples(st.integers(0, 127), st.binary(max_size=20)), max_size=5))
def test_subpackets_are_read_as_they_are_written(fields):
    assert list(packets.subpackets(b"".join(packets.subpacket(*each) for each in fields))) == fields


@pytest.mark.parametrize("size", [0, 190, 191, 8382, 8383, 9000])
def test_subpackets_of_any_size(size):
    assert list(packets.subpackets(packets.subpacket(16, b"x" * size))) == [(16, b"x" * size)]


@given(st.binary(max_size=300))
def test_any_bytes_are_certificates_or_malformed(data: bytes):
    for each in (data, b"\x99" + data, KEY[:60].encode() + data + b"-----END PGP PUBLIC KEY BLOCK-----"):
        with suppress(openpgp.Malformed):
            openpgp.certificates(each)
    signature(data)


@given(st.sampled_from([KEY, STRANGER]), st.integers(0, 1500), st.integers(1, 255))
def test_a_changed_byte_changes_no_certificate(text: str, at: int, change: int):
    """The change is seen, or was in something that is not written."""
    data = bytearray(unarmored(text))
    data[at % len(data)] ^= change
    try:
        found = openpgp.certificates(bytes(data))
    except openpgp.Malformed:
        return
    original = list(packets.packets(unarmored(text)))
    signed = [(tag, signature(body).signed if tag == 2 else body) for tag, body in original]
    for tag, body in packets.packets(openpgp.keyring(found)):
        assert (tag, signature(body).signed if tag == 2 else body) in signed


ENDS = {
    UNTIL_2024: datetime(2024, 11, 2, tzinfo=timezone.utc),
    UNTIL_2026: datetime(2026, 12, 29, tzinfo=timezone.utc),
    UNTIL_2029: datetime(2029, 1, 1, tzinfo=timezone.utc),
}


def test_a_key_expires_when_its_own_signature_says():
    assert [c.expires for c in openpgp.certificates((KEY + STRANGER).encode())] == [None, None]
    for text, end in ENDS.items():
        (found,) = openpgp.certificates(text.encode())
        assert (found.fingerprint, found.expires) == (DATED_FINGERPRINT, end)
        assert openpgp.summary([found]) == f"key {DATED_FINGERPRINT} (expires {end:%Y-%m-%d})"


def test_of_several_signatures_the_newest_says_when_a_key_expires():
    """A copy that was renewed may have the older signatures, too, in any order."""
    old, new = (list(packets.packets(unarmored(text))) for text in (UNTIL_2024, UNTIL_2029))
    for signatures in ([old[2], new[2]], [new[2], old[2]]):
        data = b"".join(packets.packet(tag, body) for tag, body in (*old[:2], *signatures))
        assert [c.expires for c in openpgp.certificates(data)] == [ENDS[UNTIL_2029]]


def test_nobody_else_prolongs_a_key():
    """Neither a field that is not signed, nor a signature that does not verify."""
    key, user, (tag, body) = packets.packets(unarmored(UNTIL_2024))
    end = 6 + packets.number(body, 4, 2)
    added = packets.subpacket(9, (2**31).to_bytes(4, "big"))
    size = packets.number(body, end, 2) + len(added)
    unsigned = body[:end] + size.to_bytes(2, "big") + added + body[end + 2 :]
    field = body.index(b"\x05\x09") + 2
    forged = body[:field] + b"\x7f" + body[field + 1 :]
    for other in ([unsigned], [body, forged]):
        data = b"".join(packets.packet(*each) for each in (key, user, *((tag, each) for each in other)))
        assert [c.expires for c in openpgp.certificates(data)] == [ENDS[UNTIL_2024]]


@pytest.mark.parametrize(
    ("texts", "end"),
    [([UNTIL_2024, KEY], None), ([UNTIL_2024, UNTIL_2029], UNTIL_2029), ([UNTIL_2024], UNTIL_2024)],
)
def test_a_key_file_ends_with_its_last_key(texts, end):
    found = openpgp.certificates("".join(texts).encode())
    assert openpgp.ends(found) == (ENDS[end] if end else None)


@pytest.mark.skipif(not shutil.which("gpg"), reason="no gpg here to compare with")
def test_gpg_says_the_same(tmp_path: Path):
    path = tmp_path / "both.asc"
    path.write_text(KEY + STRANGER + UNTIL_2026)
    command = ["gpg", "--homedir", str(tmp_path), "--with-colons", "--show-keys", str(path)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    after_pub = [lines[i + 1].split(":")[9] for i, line in enumerate(lines) if line.startswith("pub:")]
    assert tuple(after_pub) == fingerprints(path.read_text())
    ends = [line.split(":")[6] for line in lines if line.startswith("pub:")]
    found = openpgp.certificates(path.read_bytes())
    assert ends == [str(int(c.expires.timestamp())) if c.expires else "" for c in found]
