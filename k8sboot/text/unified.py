"""Unified diffs of two texts, as far as they can be computed in a bounded time."""

from __future__ import annotations

import difflib

MOST_LINES = 3000
"""Of both texts together: the time that difflib takes grows faster than they do."""


def unified(before: str, after: str, names: tuple[str, str]) -> str:
    """The diff, with its names; for texts of more lines how many lines they have."""
    old, new = before.splitlines(), after.splitlines()
    if len(old) + len(new) > MOST_LINES:
        return f"{names[1]}: {len(old)} lines -> {len(new)} lines\n"
    lines = difflib.unified_diff(old, new, *names, lineterm="", n=2)
    return "".join(f"{line}\n" for line in lines)
