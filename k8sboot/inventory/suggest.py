"""Suggests the correct spelling. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from k8sboot.inventory.problems import KeyPath


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word most like word, however it is cased or joined; "" when none is near."""
    if len(word) > 64:
        return ""
    plain = {_plain(each): each for each in known}
    close = difflib.get_close_matches(_plain(word), plain, n=1, cutoff=0.7)
    return plain[close[0]] if close else ""


def _plain(word: str) -> str:
    return word.lower().replace("_", "").replace("-", "")


def dotted(path: KeyPath) -> str:
    """A path as shown to users: masters[0].address."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).removeprefix(".")


def quoted(text: str) -> str:
    """A value of the file for use in a message, cut to a readable length."""
    return f"`{text if len(text) <= 60 else text[:57] + '...'}`"
