"""What comes from a host, a mirror or a file is bounded on this side, whatever the other side promised."""

from __future__ import annotations

import base64
from collections import UserString

import pytest

from k8sboot.errors import Refused
from k8sboot.host import probe_output
from k8sboot.host.files import File
from k8sboot.host.peer import LARGEST_FILE
from k8sboot.host.probed_files import MAX_CONTENT
from k8sboot.host.snapshot import FileState, Snapshot
from k8sboot.kubernetes import rows
from k8sboot.membership import reading
from k8sboot.osfamily import grub_menu, openpgp, yum_transactions
from k8sboot.text.between import between
from k8sboot.text.logins import MASK
from k8sboot.text.redact import Redactor
from k8sboot.text.unified import MOST_LINES

BEGIN, END = "-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----"


class Watched(UserString):
    """A text that counts the characters that find() passes over."""

    passed = 0

    def find(self, sub: str, start: int = 0, end: int = 1 << 60) -> int:
        at = self.data.find(sub, start, end)
        Watched.passed += (at if at >= 0 else len(self.data)) - start
        return at


@pytest.mark.parametrize("text", ["B" * 4000, "BE" * 2000, "B" * 2000 + "E" * 2000])
def test_marks_are_looked_for_in_one_pass(monkeypatch, text):
    monkeypatch.setattr(Watched, "passed", 0)
    list(between(Watched(text), "B", "E"))
    assert Watched.passed <= 2 * len(text)


def test_what_stands_between_marks_is_found():
    assert list(between("xB1EyB2EB3", "B", "E")) == ["1", "2"]
    assert list(between(b"B1E", b"B", b"E")) == [b"1"]


def test_a_private_key_without_an_end_is_masked_too():
    redact = Redactor()
    assert redact(f"a {BEGIN}\nMIIE\nProc-Type: 4,ENCRYPTED\n{END} b") == f"a {MASK} b"
    assert redact(f"a {BEGIN}\nMIIE") == f"a {MASK}"
    assert redact(f"{BEGIN}\n" * 3) == MASK * 3


def probed(*answers: str) -> Snapshot:
    return probe_output.parse("\nw ".join(("w", *answers)).encode())


def encoded(size: int) -> str:
    return base64.b64encode(b"x" * size).decode()


def test_a_file_larger_than_the_host_was_asked_for_has_no_content():
    snapshot = probed(
        f"files\nfile /a 644 root:root 1 d .{encoded(MAX_CONTENT)}",
        f"files\nfile /b 644 root:root 1 d .{encoded(MAX_CONTENT + 1)}",
        "states\n1 644 0:0 root:root /c\n",
        "digests\nd  /c\n",
        f"contents\n{'x' * (MAX_CONTENT + 1)}",
    )
    assert len(snapshot.files["/a"].content) == MAX_CONTENT
    assert snapshot.files["/b"].content is None
    assert snapshot.files["/c"].content is None


def test_an_answer_that_is_too_long_is_missing():
    long = "x" * (probe_output.MAX_ANSWER + 1)
    snapshot = probed("answer a\nxx", "status 0\n", f"answer b\n{long}", "status 0\n", f"fact lock\n{long}")
    assert snapshot.answers["a"].text == "xx"
    assert "b" not in snapshot.answers
    assert snapshot.facts == {"lock": ""}


def test_a_file_that_is_too_large_is_not_read(bench):
    host = bench(files={"/etc/large": "x" * (LARGEST_FILE + 1)}).host()
    with pytest.raises(Refused, match="larger than 4 MiB"):
        host.read_file("/etc/large")


def test_a_membership_that_is_too_long_is_refused(bench, monkeypatch):
    monkeypatch.setattr(reading, "LONGEST_ANSWER", 2)
    with pytest.raises(Refused) as refused:
        reading.membership_of(bench().host())
    assert refused.value.why == "its answer is too long"


def test_the_diff_of_a_file_with_very_many_lines_is_its_number_of_lines():
    many = "\n".join(str(number % 101) for number in range(MOST_LINES)).encode()
    state = FileState(0o644, "root:root", len(many), "", many)
    assert File("/a", "1\n").diff_from(state) == f"/a: {MOST_LINES} lines -> 1 lines\n"


def test_a_list_of_the_cluster_is_read_in_one_pass(monkeypatch):
    starts = []
    decode = rows._DECODER.raw_decode
    monkeypatch.setattr(
        rows,
        "_DECODER",
        type("D", (), {"raw_decode": lambda _, t, at=0: starts.append((len(t), at)) or decode(t, at)})(),
    )
    text = '{"a": 1} b ' * 50
    assert rows._values(text) == [{"a": 1}, "b"] * 50
    assert {length for length, _ in starts} == {len(text)}  # the text itself, never a copy of its rest


def test_submenus_without_an_end_are_read():
    text = "submenu 'a' {\n" * 3000
    assert grub_menu.entry_of(text, "5.10") == ""


def test_a_line_of_yum_is_searched_at_its_beginning_only():
    line = "Cannot retrieve x for repository: base. "
    assert yum_transactions.failed_repository(line)[0] == "base"
    assert yum_transactions.failed_repository("x" * yum_transactions.LONGEST_LINE + line) == ("", "")


def test_a_key_whose_armour_begins_again_and_again_is_refused_at_once():
    with pytest.raises(openpgp.Malformed):
        openpgp.certificates(b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n" * 1000)
