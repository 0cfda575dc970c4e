from __future__ import annotations

import base64
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keys import FINGERPRINT, KEY, STRANGER, STRANGER_FINGERPRINT

from k8sboot.osfamily import openpgp


def test_fingerprints_are_those_of_primary_keys_in_order():
    assert openpgp.fingerprints(KEY) == (FINGERPRINT,)
    assert openpgp.fingerprints(STRANGER) == (STRANGER_FINGERPRINT,), "the subkey is not told"
    assert openpgp.fingerprints(f"# a comment\n{STRANGER}\n{KEY}") == (STRANGER_FINGERPRINT, FINGERPRINT)


@pytest.mark.parametrize("change", ["\r\n", "  \n"])
def test_other_line_ends_do_not_matter(change):
    assert openpgp.fingerprints(KEY.replace("\n", change)) == (FINGERPRINT,)


def test_headers_of_the_armor_do_not_matter():
    text = KEY.replace("BLOCK-----\n", "BLOCK-----\nVersion: GnuPG v1.4.7 (GNU/Linux)\nComment: x\n", 1)
    assert openpgp.fingerprints(text) == (FINGERPRINT,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html>-----BEGIN PGP PUBLIC KEY BLOCK-----</html>",
        KEY[:200],
        KEY.replace("=zDe4", "").replace("m", "%"),
    ],
    ids=["nothing", "a web page", "cut short", "not base64"],
)
def test_what_is_no_key_has_no_fingerprint(text):
    assert openpgp.fingerprints(text) == ()


def test_a_changed_byte_is_another_fingerprint():
    assert openpgp.fingerprints(KEY.replace("Aky9gy00", "Aky9gy01")) not in ((FINGERPRINT,), ())


def unarmored(text: str) -> bytes:
    """The bytes of one of the keys above: between the blank line and the checksum."""
    return base64.b64decode(text.partition("\n\n")[2].rpartition("\n=")[0])


def test_a_binary_key_is_armored_and_an_armored_one_left_alone(tmp_path: Path):
    for text, found in ((KEY, FINGERPRINT), (STRANGER, STRANGER_FINGERPRINT)):
        binary = unarmored(text)
        assert openpgp.armored(binary) == text
        assert openpgp.fingerprints(openpgp.armored(binary)) == (found,)
        assert openpgp.armored(text.encode()) == text
    assert openpgp.armored(b"<html>\xff") == "<html>\ufffd"


@given(st.binary(max_size=300))
def test_no_bytes_break_it(data: bytes):
    openpgp.fingerprints(openpgp.armored(data))
    openpgp.fingerprints(KEY[:60] + data.decode("latin-1") + "-----END PGP PUBLIC KEY BLOCK-----")


@pytest.mark.skipif(not shutil.which("gpg"), reason="no gpg here to compare with")
def test_gpg_says_the_same(tmp_path: Path):
    path = tmp_path / "both.asc"
    path.write_text(KEY + STRANGER)
    command = ["gpg", "--homedir", str(tmp_path), "--with-colons", "--show-keys", str(path)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    after_pub = [lines[i + 1].split(":")[9] for i, line in enumerate(lines) if line.startswith("pub:")]
    assert tuple(after_pub) == openpgp.fingerprints(path.read_text())
