"""What a cluster says of its tokens is shown as text, and as nothing else."""

from __future__ import annotations

import base64
import json
import unicodedata
from types import SimpleNamespace

import pytest

from k8sboot.cli.token_actions import token_table
from k8sboot.kubernetes.answers import BadAnswer

EVIL = "\x1b]0;title\x07\x1b[2J\x1b[1;1Habcdef  never\r\nroot\u202etoor\u200b\x9b31m"


def table(**changes: str) -> str:
    data = {
        "token-id": "abcdef", "token-secret": "0123456789abcdef", "description": "fine",
        "usage-bootstrap-signing": "true", **changes,
    }  # fmt: skip
    item = {
        "type": "bootstrap.kubernetes.io/token",
        "data": {key: base64.b64encode(value.encode()).decode() for key, value in data.items()},
    }
    return token_table(SimpleNamespace(read=lambda _words: json.dumps({"items": [item]})))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {"description": EVIL},
        {f"usage-bootstrap-{EVIL}": "true"},
        {"expiration": EVIL},
    ],
    ids=["description", "usage", "expiration"],
)
def test_a_token_with_hostile_texts_is_one_line_without_control_characters(changes):
    lines = table(**changes).split("\n")
    assert len(lines) == 3
    assert lines[1].startswith("abcdef")
    assert not [c for c in "".join(lines) if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    "\n".join(lines).encode()


def test_half_a_character_is_refused_as_an_answer():
    with pytest.raises(BadAnswer):
        table(**{"usage-bootstrap-\ud800": "true"})
