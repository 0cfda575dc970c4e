"""Whole numbers in foreign texts."""

from __future__ import annotations

MOST_DIGITS = 18
"""Larger ones than fit into 64 bits are no answer to anything that k8sboot asks."""


def whole(text: str | None) -> int | None:
    """The number that a text of ASCII digits is, blanks around it aside; None for anything else."""
    digits = (text or "").strip()
    is_number = 0 < len(digits) <= MOST_DIGITS and digits.isascii() and digits.isdigit()
    return int(digits) if is_number else None


def compared(one: str, other: str) -> int:
    """-1, 0 or 1 if the number of digits `one` is smaller than, equal to, or greater than `other`, of any length."""
    mine, theirs = (one.lstrip("0"), other.lstrip("0"))
    longer = (len(mine) > len(theirs)) - (len(mine) < len(theirs))
    return longer or (mine > theirs) - (mine < theirs)
