"""Remove the users and passwords of URLs from texts."""

from __future__ import annotations

import re

MASK = "***"
LOGIN = r"(://)[^/\s:@]+:[^/\s@]+(?=@)"


def without_logins(text: str) -> str:
    """The text with the users and passwords of its URLs masked."""
    return re.sub(LOGIN, rf"\1{MASK}", text)
