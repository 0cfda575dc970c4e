"""Reads JSON of others: values of a bounded depth, numbers of 64 bits, text that is Unicode."""

from __future__ import annotations

import math
from typing import Any

DEEPEST = 100
LARGEST_NUMBER = 2**64


def read_json(text: str | bytes) -> Any:  # noqa: ANN401 - JSON
    """The value. Raises ValueError for what is not JSON, or not within these bounds."""
    import json  # late: an inventory is checked without it

    try:
        found = json.loads(text)
    except RecursionError:
        raise ValueError(f"it is nested deeper than {DEEPEST} levels") from None
    return bounded(found)


def bounded(value: Any, *, is_unicode: bool = True) -> Any:  # noqa: ANN401 - JSON
    """The value as it is. Raises ValueError if it is not within these bounds. is_unicode: all of its text must be."""
    waiting = [(value, 1)]
    while waiting:
        each, depth = waiting.pop()
        if isinstance(each, dict | list):
            if depth > DEEPEST:
                raise ValueError(f"it is nested deeper than {DEEPEST} levels")
            inner = [*each, *each.values()] if isinstance(each, dict) else each
            waiting += [(one, depth + 1) for one in inner]
        elif isinstance(each, str):
            if is_unicode:
                _must_be_unicode(each)
        elif isinstance(each, int | float) and not (math.isfinite(each) and abs(each) <= LARGEST_NUMBER):
            raise ValueError("it has a number beyond 64 bits")
    return value


def _must_be_unicode(text: str) -> None:
    if not text.isascii() and any("\ud800" <= sign <= "\udfff" for sign in text):
        raise ValueError("it has text that is not Unicode")
