"""A secret is masked in every form that programs print it in."""

from __future__ import annotations

import base64
import json
import shlex
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sboot.text import redact
from k8sboot.text.logins import MASK
from k8sboot.text.redact import Redactor

SECRET = "p/ä \"ss'w+0rd&é%"


@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
@pytest.mark.parametrize("after", ["", "x", "xy", "xyz"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_secret_in_base64_is_masked_wherever_it_stands(before, after, encode):
    text = encode(f"{before}{SECRET}{after}".encode()).decode()
    masked = Redactor([SECRET])(f"Authorized: {text}.")
    assert MASK in masked
    assert len(masked) <= len("Authorized: .") + 13


@pytest.mark.parametrize(
    "written",
    [
        SECRET, json.dumps(SECRET), json.dumps(SECRET, ensure_ascii=False), json.dumps(json.dumps({"a": SECRET})),
        quote(SECRET), quote(SECRET, safe=""), quote_plus(SECRET), quote(SECRET, safe="").lower(), shlex.quote(SECRET),
    ],
)  # fmt: skip
def test_a_secret_of_the_run_is_masked_in_json_urls_and_shell(written):
    masked = Redactor([SECRET])(f"it is {written}, then")
    assert "0rd" not in masked
    assert masked.startswith("it is ")
    assert masked.endswith(", then")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"password": "hunter2", "user": "me"}', '{"password": "***", "user": "me"}'),
        ('{"password":"hun\\"ter2"}', '{"password":"***"}'),
        ('log: "{\\"password\\": \\"hun ter2\\"}"', 'log: "{\\"password\\": \\"***\\"}"'),
        ("sudoPassword: hunter2", "sudoPassword: ***"),
        ("sudoPassword: 'hun ter2'", "sudoPassword: '***'"),
        ("DB_PASSWORD=hunter2 x", "DB_PASSWORD=*** x"),
        ("password = hunter2", "password = ***"),
        ("?user=me&password=hunter2&x=1", "?user=me&password=***&x=1"),
        ('"auth": "bWU6aHVudGVyMg=="', '"auth": "***"'),
        ("Authorization: Basic bWU6aHVudGVyMg==", "Authorization: Basic ***"),
        ("authorization: bearer abcdefghij", "authorization: bearer ***"),
        ("--api-key=hunter2", "--api-key=***"),
        ("token: hunter2", "token: ***"),
        ("client-key-data: LS0t", "client-key-data: ***"),
        ('"client-key-data": "LS0t"', '"client-key-data": "***"'),
        ('password: "hunter2', 'password: "***'),
        ("automountServiceAccountToken: false", "automountServiceAccountToken: false"),
        ("  secretName: x\n  token-ttl: 24h0m0s", "  secretName: x\n  token-ttl: 24h0m0s"),
        ("serviceAccountToken:\n  path: token", "serviceAccountToken:\n  path: token"),
        ('cannot get the secret: Secret "x" not found', 'cannot get the secret: Secret "x" not found'),
        ("kubeadm token create --ttl 1h", "kubeadm token create --ttl 1h"),
    ],
)
def test_the_value_of_a_name_of_a_secret_is_masked(text, shown):
    assert Redactor()(text) == shown


@given(st.text(max_size=60))
def test_masking_twice_masks_no_more(text):
    once = Redactor()(text)
    assert Redactor()(once) == once


PIECES = st.sampled_from(
    (
        "abcdef.0123456789abcdef", "Certificate Key:\n", "0123456789abcdef" * 4, "https://me:pw@host",
        "BEARER abcdefgh", "Basic bWU6aHVudGVyMg==", "pa\u017f\u017fword=hunter2", "api_KEY: x",
        '"auth": "bWU6aHVudGVy"', "PWD=x", "secret: y",
        "-----BEGIN RSA PRIVATE KEY-----", "client-key-data: z", "credentials=q", " ", "\n", "x", ".", "\u00e4", "=",
    )
)  # fmt: skip


@given(st.lists(PIECES, max_size=6).map("".join))
def test_a_text_that_is_passed_by_has_nothing_to_mask(text):
    masked = text
    for form in redact._COMPILED:
        masked = form.sub(redact._masked, masked)
    assert Redactor()(text) == masked
