"""Remove secrets from texts before they are shown or stored: the run's own by value, others by name and by form."""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from k8sboot.text.logins import LOGIN, MASK

SHORTEST = 4
"""Characters. A shorter secret is not masked: it would match in too many places."""
SHORTEST_ENCODED = 6

_NAME = (
    r"(?:password|passwd|passphrase|pwd|api[-_]?key|private[-_]?key|certificate[-_]?key|client-key-data|\"auth"
    r"|(?<![a-z] )(?:secret|token|credentials?))"  # not as words of a sentence: "the secret: Secret x not found"
)
_IS = r"\\?[\"']?[ \t]{0,9}[:=][ \t]{0,9}"
_SENTENCE = r"(?:known only after|not started,|make a|upload the|cannot read|timed out) "
"""How the lines of the phase `join-token` go on."""
_VALUE = (
    r"(?:(?<=\\\")[^\"\\\n]+"  # in JSON within JSON
    r"|(?<!\\\")(?<=\")(?:[^\"\\\n]|\\.)+"
    r"|(?<=')[^'\n]+"
    r"|(?<![\"'])(?!(?:true|false|null|none)\b)(?!" + _SENTENCE + r")[^\s,;\"'}\])&\\]+)"
)
_KIND = "[A-Z ]{0,40}PRIVATE KEY"
_FORMS = (
    r"\b[a-z0-9]{6}\.[a-z0-9]{16}\b",
    r"(?i)((?:certificate-key |certificate key:\n))[0-9a-f]{64}\b",
    LOGIN,
    r"(?i)((?:bearer|basic) )[A-Za-z0-9._~+/=-]{8,}",
    rf"(?i)({_NAME}{_IS}(?:\\?[\"'])?){_VALUE}",
    rf"-----BEGIN {_KIND}-----(?:[^-]|-(?!----))*(?:-----END {_KIND}-----)?",
)
"""Bootstrap tokens, certificate keys, users in URLs, HTTP credentials, values of secrets by name, private keys.

The first group of a form, where it has one, stays.
"""
_COMPILED = tuple(re.compile(form) for form in _FORMS)
_HINTS = re.compile(
    r"(?i)[a-z0-9]{6}\.[a-z0-9]{16}|://|-----BEGIN|bearer |basic |certificate.key|pass|pwd|secret|token|credential"
    r"|key|\"auth"
)
"""What one of the forms needs: most texts have nothing of it, and are many."""
_WORDS = (
    "://",
    "-----begin",
    "bearer ",
    "basic ",
    "pass",
    "pwd",
    "secret",
    "token",
    "credential",
    "key",
    '"auth',
)
_BEHIND_DOT = re.compile(r"\.[a-z0-9]{16}")


class Redactor:
    """Masks the run's own secrets, in the forms that programs give them, and what has the name or form of a secret."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        found = {form for value in values if len(value) >= SHORTEST for form in forms_of(value)}
        known = sorted(found, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(self, text: str) -> str:
        """The text with secrets masked."""
        if self._known:
            text = self._known.sub(MASK, text)
        if _has_hint(text):
            for form in _COMPILED:
                text = form.sub(_masked, text)
        return text


def _has_hint(text: str) -> bool:
    if not text.isascii():  # a long s is an s to a form
        return _HINTS.search(text) is not None
    lower = text.lower()  # with plain words ten times as fast as the expression
    return any(word in lower for word in _WORDS) or _BEHIND_DOT.search(text) is not None


def _masked(found: re.Match[str]) -> str:
    return f"{found[1] if found.re.groups else ''}{MASK}"


def forms_of(secret: str) -> Iterator[str]:
    """A secret as it is, and as shells, JSON, URLs and base64 write it, also in the middle of a longer text."""
    yield secret
    yield shlex.quote(secret).strip("'")
    for is_ascii in (True, False):
        once = json.dumps(secret, ensure_ascii=is_ascii)[1:-1]
        yield from (once, json.dumps(once, ensure_ascii=is_ascii)[1:-1])
    data = secret.encode("utf-8", "surrogateescape")
    for written in (quote(data, safe=""), quote(data), quote_plus(data)):
        yield written
        yield re.sub("%..", lambda found: found[0].lower(), written)
    yield from (form for form in _in_base64(data) if len(form) >= SHORTEST_ENCODED)


def _in_base64(data: bytes) -> Iterator[str]:
    """The characters that depend on the secret alone, for each place that it may have in groups of three bytes."""
    for before in range(3):
        padded = bytes(before) + data
        whole = base64.b64encode(padded + bytes(-len(padded) % 3)).decode()
        first, last = -(-before * 8 // 6), len(padded) * 8 // 6
        core = whole[first:last]
        yield core
        yield core.replace("+", "-").replace("/", "_")
