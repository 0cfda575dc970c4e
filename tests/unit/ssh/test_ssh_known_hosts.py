"""Reading and judging known_hosts files."""

from __future__ import annotations

import base64
import fcntl
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sboot.ssh import host_keys, known_hosts
from k8sboot.ssh.known_hosts import judge, matches, parse_line, read


def key(name: str, kind: str = "ssh-ed25519") -> bytes:
    return len(kind).to_bytes(4, "big") + kind.encode() + name.encode().ljust(32)


def line(hosts: str, blob: bytes) -> str:
    return f"{hosts} {known_hosts.inner_type(blob)} {base64.b64encode(blob).decode()}"


def entries(*lines: str):
    return [parse_line(text, f"f:{number}") for number, text in enumerate(lines, start=1)]


@pytest.mark.parametrize(
    ("patterns", "name", "expected"),
    [
        ("host", "host", True),
        ("HOST", "host", True),
        ("a,host,b", "host", True),
        ("*.example.com", "a.example.com", True),
        ("*.example.com", "example.com", False),
        ("h?st", "host", True),
        ("*,!host", "host", False),
        ("!host,*", "host", False),
        ("!other", "host", False),
        ("[host]:2222", "[host]:2222", True),
        ("[host]:2222", "host", False),
        ("[h*]:2222", "[host]:2222", True),
        ("|1|broken", "host", False),
        ("|2|aa|bb", "host", False),
    ],
)
def test_patterns(patterns, name, expected):
    assert matches(patterns, name) is expected


def test_revoked_beats_known():
    known = entries("@revoked " + line("*", key("a")), line("h", key("a")))

    assert judge(known, host="h", port=22, key=key("a")).verdict == "revoked"


def test_changed_key_names_every_line_that_says_otherwise():
    known = entries(line("h", key("a")), line("other", key("b")), line("h", key("c", "ssh-rsa")))
    found = judge(known, host="h", port=22, key=key("b"))

    assert (found.verdict, [entry.where for entry in found.against]) == ("changed", ["f:1", "f:3"])


def test_authority_is_no_plain_key():
    assert (
        judge(entries("@cert-authority " + line("h", key("a"))), host="h", port=22, key=key("a")).verdict
        == "unknown"
    )


def test_types_on_file_in_order():
    known = entries(
        line("[h]:2", key("a", "ssh-rsa")), line("h", key("b")), "@revoked " + line("h", key("c", "x-y-z"))
    )

    assert known_hosts.known_types(known, host="h", port=2) == ["ssh-rsa", "ssh-ed25519"]


def test_broken_lines_are_skipped_with_their_place(tmp_path):
    path = tmp_path / "known_hosts"
    path.write_text(f"# comment\n\n{line('h', key('a'))}\nnonsense\n@odd {line('h', key('a'))}\n")
    found, warnings = read([path, tmp_path / "missing"])

    assert [entry.where for entry in found] == [f"{path}:3"]
    assert [warning.split(": ")[0] for warning in warnings] == [f"{path}:4", f"{path}:5"]


def test_directory_is_a_warning(tmp_path):
    found, (warning,) = read([tmp_path])

    assert found == []
    assert "cannot read" in warning


def test_line_is_added_once_and_only_under_the_lock(tmp_path):
    path = tmp_path / "known_hosts"
    path.write_text("no newline here")
    with path.open() as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        threads = [threading.Thread(target=host_keys.append, args=(path, "host key")) for _ in range(3)]
        for thread in threads:
            thread.start()
        threads[0].join(0.2)
        while_locked = path.read_text()
    for thread in threads:
        thread.join()

    assert (while_locked, path.read_text()) == ("no newline here", "no newline here\nhost key\n")


@given(st.binary(max_size=400))
def test_no_file_content_is_fatal(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any_known_hosts"
    path.write_bytes(content)
    found, _ = known_hosts.read([path])
    judge(found, host="h", port=22, key=key("a"))


@given(st.text(max_size=60), st.text(max_size=30))
def test_no_pattern_is_fatal(patterns, name):
    assert matches(patterns, name) in (True, False)
