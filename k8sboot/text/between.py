"""What stands between two marks: in one pass, however often one of them is repeated without the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import AnyStr


def between(text: AnyStr, begin: AnyStr, end: AnyStr) -> Iterator[AnyStr]:
    """Each part of text from a mark begin to the next mark end, without them; what has no end is left out."""
    start = text.find(begin)
    while start >= 0:
        start += len(begin)
        stop = text.find(end, start)
        if stop < 0:
            return
        yield text[start:stop]
        start = text.find(begin, stop + len(end))
