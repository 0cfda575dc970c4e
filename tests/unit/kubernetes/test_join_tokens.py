from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from k8sboot.errors import StepFailed
from k8sboot.kubernetes.tokens import (
    bootstrap_tokens,
    printed_certificate_key,
    printed_token,
)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=timezone.utc)
SECRET = "0123456789abcdef"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def token_secret(token_id: str = "abc123", **changes: str | None) -> dict[str, Any]:
    data = {
        "token-id": token_id,
        "token-secret": SECRET,
        "description": "for n1",
        "expiration": (NOW + timedelta(minutes=15)).isoformat().replace("+00:00", "Z"),
        "usage-bootstrap-authentication": "true",
        "usage-bootstrap-signing": "true",
    }
    data |= {key.replace("_", "-"): value for key, value in changes.items()}
    return {
        "type": "bootstrap.kubernetes.io/token",
        "metadata": {"name": f"bootstrap-token-{token_id}"},
        "data": {key: encoded(value) for key, value in data.items() if value is not None},
    }


def listed(*items: object) -> str:
    return json.dumps({"items": items})


def test_a_token_is_read_and_its_secret_does_not_show() -> None:
    (token,) = bootstrap_tokens(listed(token_secret()))
    assert (token.id, token.description, token.expires) == ("abc123", "for n1", NOW + timedelta(minutes=15))
    assert token.token.reveal() == f"abc123.{SECRET}"
    assert SECRET not in repr(token)


def test_a_token_can_join_until_it_expires() -> None:
    (token,) = bootstrap_tokens(listed(token_secret()))
    assert token.can_join(NOW)
    assert not token.can_join(NOW + timedelta(minutes=15))


def test_a_token_without_an_end_can_always_join() -> None:
    (token,) = bootstrap_tokens(listed(token_secret(expiration=None)))
    assert token.expires is None
    assert token.can_join(NOW)


@pytest.mark.parametrize("missing", ["usage_bootstrap_authentication", "usage_bootstrap_signing"])
def test_a_token_that_may_not_do_both_cannot_join(missing: str) -> None:
    (token,) = bootstrap_tokens(listed(token_secret(**{missing: "false"})))
    assert not token.can_join(NOW)


def test_an_end_that_cannot_be_read_has_passed() -> None:
    (token,) = bootstrap_tokens(listed(token_secret(expiration="soon")))
    assert not token.can_join(NOW)


def test_an_end_in_another_time_zone_is_understood() -> None:
    (token,) = bootstrap_tokens(listed(token_secret(expiration="2026-11-23T20:05:00+08:00")))
    assert token.can_join(NOW)
    assert not token.can_join(NOW + timedelta(minutes=5))


@pytest.mark.parametrize(
    "item",
    [
        token_secret("ABC"),
        token_secret(token_secret=None),
        token_secret() | {"type": "Opaque"},
        token_secret() | {"data": {"token-id": "%%%"}},
        token_secret() | {"data": None},
        {},
    ],
    ids=["bad id", "no secret", "other type", "no base64", "no data", "nothing"],
)
def test_what_is_no_whole_token_is_left_out(item: dict[str, Any]) -> None:
    assert bootstrap_tokens(listed(item)) == ()


def test_the_printed_token_is_found_among_warnings() -> None:
    output = f"W1123 warning: something\nabc123.{SECRET}\n"
    assert printed_token(output).reveal() == f"abc123.{SECRET}"


def test_the_printed_key_is_the_last_line() -> None:
    key = "0f" * 32
    assert (
        printed_certificate_key(f"[upload-certs] Storing\n[upload-certs] Using key:\n{key}\n").reveal() == key
    )


def test_output_without_a_secret_is_an_error_that_does_not_show_it() -> None:
    with pytest.raises(StepFailed) as caught:
        printed_token(f"token: abc123.{SECRET}x")
    assert SECRET not in f"{caught.value}{caught.value.detail}"
    with pytest.raises(StepFailed):
        printed_certificate_key("")
