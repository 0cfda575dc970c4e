"""What a probe's output is taken for, whatever it is."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sboot.host.probe import Probe
from k8sboot.host.probe_output import parse
from k8sboot.host.probed_files import MAX_CONTENT
from k8sboot.host.reads import Reads, union
from k8sboot.host.snapshot import FileState, UnitState


def test_a_union_asks_each_thing_once_in_order():
    both = union([Reads(files=("/a", "/b"), units=("x",)), Reads(files=("/b", "/c"), sysctls=("k",))])
    assert both == Reads(files=("/a", "/b", "/c"), units=("x",), sysctls=("k",))


WORDS = st.sampled_from(
    ["fact", "files", "states", "digests", "contents", "values", "modules", "dpkg", "rpm", "units", "answer", "status",
     "uname", "hardware", "links", "disk", "broken", "absent", "file", "other", "closed", "Id=x", "ActiveState=active",
     ".", "-", "9", "/etc/x", "é", "eA==", "\x85", "\u2028", "=", "hostname", "\nw", "|", "1 644 0:0 a:b /etc/x"]
)  # fmt: skip


@given(st.lists(st.lists(WORDS, max_size=8).map(" ".join), max_size=12).map("\nw ".join) | st.text())
def test_no_output_makes_the_parser_or_the_facts_fail(text):
    seen = parse(f"w\nw {text}".encode())
    assert seen.host_facts.cpus >= 0
    assert seen.due_restarts is not None


@given(st.binary())
def test_no_bytes_make_the_parser_fail(output):
    assert parse(output).due_restarts is not None


def said(*answers: tuple[str, str | bytes]) -> bytes:
    texts = [(head, body.encode() if isinstance(body, str) else body) for head, body in answers]
    return b"w" + b"".join(b"\nw " + head.encode() + b"\n" + body for head, body in texts)


def states(*files: tuple[str, int]) -> tuple[str, str]:
    return "states", "".join(f"{size} 644 0:0 root:root {path}\n" for path, size in files)


def digests(**contents: bytes) -> tuple[str, str]:
    return "digests", "".join(f"{hashlib.sha256(c).hexdigest()}  /{name}\n" for name, c in contents.items())


def test_every_probe_has_a_word_of_its_own():
    one, other = (Probe(Reads()).render().split("\n", 1) for _ in "12")
    assert one[0] != other[0]
    assert len(one[0]) == len("T=") + 32
    assert one[1] == other[1]


def test_facts_are_made_of_what_the_tools_print():
    facts = parse(
        said(
            ("uname", "a host 5.10.0-x x86_64\n"),
            ("hardware", "processor\t: 0\nprocessor\t: 1\nMemTotal:        2048 kB\n"),
            (
                "links",
                "2: eth0: <UP> link/ether 52:54:00:00:00:02 brd f\n3: e1: link/ether 52:54:00:00:00:01 brd\n",
            ),
            ("disk", "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vda 100 40 60 40% /\n"),
            ("fact listening", "a\n"),
        )
    ).host_facts
    assert (facts.hostname, facts.kernel, facts.arch) == ("a host", "5.10.0-x", "x86_64")
    assert (facts.cpus, facts.memory_kib, facts.disk_free_kib) == (2, 2048, 60)
    assert facts.macs == ("52:54:00:00:00:01", "52:54:00:00:00:02")
    assert facts.listening == "a"


def test_a_value_cannot_pretend_to_be_another_answer():
    hostile = "a\ndpkg\nii |evil|1\n\nx dpkg\nii |evil|1\n"
    seen = parse(said(("values", f"/proc/sys/k:{hostile}"), ("answer q", hostile), ("status 0", "")))
    assert seen.packages == {}
    assert seen.answers["q"].text == hostile.rstrip("\n")


def test_one_broken_line_takes_no_other_with_it():
    seen = parse(
        said(
            ("files", "file /etc/x 9z9 root:root 1 abc .eA==\nabsent /etc/y\nother /etc/z\n"),
            ("rpm", "a\nb|1:2-3\npackage c is not installed\n"),
            ("answer q", "cut short"),
            ("units", "\nActiveState=active\n\nId=a.service\nLoadState=loaded\nActiveState=active\n"),
        )
    )
    assert seen.files == {"/etc/y": None}
    assert seen.not_files == {"/etc/z"}
    assert seen.packages == {"b": ("1:2-3", False)}
    assert seen.answers == {}
    assert seen.units == {"a.service": UnitState("loaded", "active")}


def test_a_file_of_another_user_comes_in_one_line():
    content = base64.b64encode(b"mine").decode()
    seen = parse(
        said(("files", f"file /home/a/b c 600 a:domain 4 digest .{content}\nclosed /x .{content}\n"))
    )
    assert seen.files == {"/home/a/b c": FileState(0o600, "a:domain", 4, "digest", b"mine")}
    assert seen.closed == {"/x": "mine"}


A, B = b"one\nw", b"\0\xfftwo"


def test_files_read_together_get_each_its_content():
    seen = parse(
        said(
            states(("/a", 5), ("/b", 5), ("/l", MAX_CONTENT + 1)),
            digests(a=A, b=B, l=b"x"),
            ("contents", A + B),
        )
    )
    assert {path: file.content for path, file in seen.files.items()} == {"/a": A, "/b": B, "/l": None}
    assert seen.files["/l"].sha256 == hashlib.sha256(b"x").hexdigest()
    assert seen.files["/b"].owner == "root:root"


@pytest.mark.parametrize(
    ("contents", "known"),
    [(A + b"more" + B, ["/a"]), (A[:-1] + B, []), (A + B[:-1], ["/a"]), (B + A, []), (b"", [])],
    ids=["the first has grown", "the first is shorter", "the last is shorter", "swapped", "none"],
)
def test_a_file_that_changed_between_the_reads_is_not_taken_for_another(contents, known):
    seen = parse(said(states(("/a", 5), ("/b", 5)), digests(a=A, b=B), ("contents", contents)))
    assert list(seen.files) == known


def test_a_file_that_nobody_may_read_moves_no_other():
    seen = parse(said(states(("/a", 5), ("/x", 9), ("/b", 5)), digests(a=A, b=B), ("contents", A + B)))
    assert {path: file.content for path, file in seen.files.items()} == {"/a": A, "/b": B}


def test_a_file_that_is_read_apart_is_what_was_read():
    state = parse(said(states(("/a", 1)), digests(a=b"before"), ("contents", A))).files["/a"]
    assert (state.size, state.content, state.sha256) == (5, A, hashlib.sha256(A).hexdigest())


def test_an_owner_may_have_blanks_and_no_name():
    text = "0 644 0:0 root:domain users /a\n0 600 7:8 UNKNOWN:root /b\n"
    seen = parse(said(("states", text), digests(a=b"", b=b""), ("contents", b"")))
    assert [file.owner for file in seen.files.values()] == ["root:domain users", "7:8"]


def test_the_kernels_files_are_told_by_their_lines():
    kept = "0 644 0:0 root:root /proc/sys/net/a\n0 444 0:0 root:root /proc/swaps\n0 200 0:0 root:root /proc/sys/e\n"
    seen = parse(
        said(("states", kept), ("values", "/proc/sys/net/a:1\t 2\n/proc/swaps:x:1\n/proc/swaps:y\n"))
    )
    assert seen.sysctls == {"net.a": ("1 2", False), "e": ("", False)}
    assert seen.text("/proc/swaps") == "x:1\ny\n"
