"""Remove secrets from texts before they are shown or stored, by value and by pattern."""

from __future__ import annotations

import re
from collections.abc import Iterable

MASK = "***"
SHORTEST = 4
"""Characters. A shorter secret is not masked: it would match in too many places."""

_KIND = "[A-Z ]{0,40}PRIVATE KEY"
_FORMS = (
    (".", r"\b[a-z0-9]{6}\.[a-z0-9]{16}\b"),
    (" ", r"(?i)(?<=certificate-key )[0-9a-f]{64}\b|(?<=certificatekey: )[0-9a-f]{64}\b"),
    ("certificate key:", r"(?<=certificate key:\n)[0-9a-f]{64}\b"),
    ("://", r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"),
    ("-key-data: ", r"(?<=-key-data: )[A-Za-z0-9+/=]+"),
    ("Bearer ", r"(?<=Bearer )[A-Za-z0-9._~+/=-]+"),
    ("=", r"(?i)(?<=password=)[^\s,;]+|(?<=password = )[^\s,;]+"),
    ("-----BEGIN ", rf"-----BEGIN {_KIND}-----(?:[^-]|-(?!----))*(?:-----END {_KIND}-----)?"),
)
"""Bootstrap tokens, certificate keys, users in URLs, kubeconfig keys, bearer tokens, passwords, private keys.

Each with a literal without which it does not match: most texts are short and have none, and are many.
"""
_COMPILED = tuple((literal, re.compile(form)) for literal, form in _FORMS)


class Redactor:
    """Masks the run's own secrets and whatever has the pattern of one."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        known = sorted({v for v in values if len(v) >= SHORTEST}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(self, text: str) -> str:
        """The text with secrets masked."""
        if self._known:
            text = self._known.sub(MASK, text)
        for literal, form in _COMPILED:
            if literal in text:
                text = form.sub(MASK, text)
        return text
