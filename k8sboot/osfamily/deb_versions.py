"""dpkg's order of versions. Pure."""

from __future__ import annotations

import re

from k8sboot.text.numbers import compared

_PARTS = re.compile(r"([^0-9]*)([0-9]*)")


def compare(one: str, other: str) -> int:
    """-1, 0 or 1 if [EPOCH:]UPSTREAM[-REVISION] `one` is older than, equal to, or newer than `other`."""
    for mine, theirs in zip(_split(one), _split(other), strict=True):
        if order := _compare_part(mine, theirs):
            return order
    return 0


def _split(version: str) -> tuple[str, str, str]:
    epoch, _, rest = version.rpartition(":")
    upstream, dash, revision = rest.rpartition("-")
    return epoch or "0", upstream if dash else rest, revision if dash else "0"


def _compare_part(one: str, other: str) -> int:
    """Runs of other characters and of digits in turn; ~ is older than the end, letters older than other signs."""
    mine, theirs = _PARTS.findall(one), _PARTS.findall(other)
    for index in range(max(len(mine), len(theirs))):
        (text, number), (text_, number_) = (p[index] if index < len(p) else ("", "") for p in (mine, theirs))
        a, b = [*map(_rank, text), 0], [*map(_rank, text_), 0]
        if a != b:
            return 1 if a > b else -1
        if order := compared(number, number_):
            return order
    return 0


def _rank(sign: str) -> int:
    return -1 if sign == "~" else ord(sign) if sign.isalpha() else ord(sign) + 256
