from __future__ import annotations

import io
import pickle
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sboot.console.failures import print_errors
from k8sboot.errors import CommandFailed
from k8sboot.secret import Secret
from k8sboot.text.redact import SHORTEST, Redactor
from k8sboot.text.sanitize import safe, safe_line

PIECES = st.sampled_from(
    ["\x1b", "\x1b[31m", "\x1b]0;title\x07", "\x1b]8;;x\x1b\\", "[", "]", "0;x", "\x07", "\x9b", "\x90", "m", "\r",
     "\r\n", "\n", "\t", "\b", "\x00", "\x7f", "\u202e", "\u2066", "text", "é", "\x1bP", "\x1b(", "\x1bc", "\x1b\\"]
)  # fmt: skip


@given(st.lists(PIECES).map("".join) | st.text(max_size=60))
def test_no_escape_or_control_character_survives(text):
    shown = safe(text)
    bad = [c for c in shown if unicodedata.category(c) == "Cc" and c not in "\n\t"]
    assert bad == []
    assert not set(shown) & set("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert "\n" not in safe_line(text)
    assert safe(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 日本\n\tmore", "plain é 日本\n\tmore"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;owned\x07after", "after"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("10%\r20%\r\n", "10%20%\n"),
        ("\x1b\x1b[0m[31m", "[31m"),
    ],
)
def test_what_a_terminal_shows_is_what_was_meant(text, shown):
    assert safe(text) == shown


SECRETS = st.text(st.characters(blacklist_categories=["Cs"]), min_size=SHORTEST, max_size=20)


@given(st.lists(SECRETS, min_size=1, max_size=4), st.lists(st.text(max_size=10), max_size=5), st.data())
def test_no_secret_survives_whole(values, rest, data):
    text = "".join(data.draw(st.permutations([*values, *values, *rest])))
    masked = Redactor(values)(text)
    assert not [v for v in values if v in masked and v not in "***"]


def test_the_longer_of_two_secrets_is_masked_first():
    assert Redactor(["hunter", "hunter2pass"])("my hunter2pass and hunter") == "my *** and ***"


def test_a_short_secret_does_not_blot_out_the_text():
    assert Redactor(["a", ""])("a banana") == "a banana"


KEY = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("kubeadm join --token abcdef.0123456789abcdef x", "kubeadm join --token *** x"),
        (f"--control-plane --certificate-key {KEY}", "--control-plane --certificate-key ***"),
        (f"[upload-certs] Using certificate key:\n{KEY}\n", "[upload-certs] Using certificate key:\n***\n"),
        (f"certificateKey: {KEY}", "certificateKey: ***"),
        ("client-key-data: LS0tLS1=\nserver: x", "client-key-data: ***\nserver: x"),
        ("Authorization: Bearer eyJh.b-c_d", "Authorization: Bearer ***"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----", "***"),
        (
            "cannot fetch https://me:pa55@mirror.example.com/x",
            "cannot fetch https://***@mirror.example.com/x",
        ),
        ("https://mirror.example.com:8080/a@b", "https://mirror.example.com:8080/a@b"),
        (f"sha256:{KEY}", f"sha256:{KEY}"),
        ("docker-ce=20.10.24", "docker-ce=20.10.24"),
        ("join-token: known only after kubeadm-init", "join-token: known only after kubeadm-init"),
        ("join-token: not started, m1 failed", "join-token: not started, m1 failed"),
        ("join-token: make a join token: failed", "join-token: make a join token: failed"),
        ("join-token: known", "join-token: ***"),
        ("token: knownonly after", "token: *** after"),
        ("join-token: K10abc::server:1234", "join-token: ***"),
    ],
)
def test_what_has_the_form_of_a_secret_is_masked(text, shown):
    assert Redactor()(text) == shown


def test_a_secret_hidden_between_escape_sequences_is_not_shown():
    stream = io.StringIO()
    error = CommandFailed(
        "x: hun\x1b[0mter2: failed",
        command="y",
        exit_status=1,
        host="h",
        detail="it is hun\x1b[1mter2 \x1b]0;a\x07",
    )
    print_errors(stream, [error], redact=Redactor(["hunter2"]))
    assert "hunter2" not in stream.getvalue()
    assert "\x1b]" not in stream.getvalue()
    assert "it is ***" in stream.getvalue()


def test_a_secret_shows_itself_nowhere():
    secret = Secret("hunter2")
    assert [f"{secret}", f"{secret!r}", f"{secret:>9}", str([secret])] == [
        "***", "Secret(***)", "      ***", "[Secret(***)]"
    ]  # fmt: skip
    assert secret == Secret("hunter2")
    assert secret != Secret("other")
    assert secret != "hunter2"
    with pytest.raises(TypeError):
        pickle.dumps(secret)
