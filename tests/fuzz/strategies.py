"""Examples for the targets: any bytes, twisted versions of what is right, and values in every place of it."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

NUMBERS = [
    "",
    "0",
    "1",
    "-1",
    "²",
    "٣",
    "9" * 30,
    "9" * 5000,
    "1e999",
    "nan",
    "inf",
    "0x1f",
    "1_0",
    "01",
    "1.5",
    "-0",
]
HOSTILE = [
    *NUMBERS,
    "\x00",
    "\x1b[2J",
    "\n",
    "\r",
    "\t",
    " ",
    "\x85",
    "\u2028",
    "\u202e",
    "\ud800",
    "é",
    "\U0001f600",
    "'",
    '"',
    "\\",
    "$(id)",
    "`id`",
    "${X}",
    ";",
    "&",
    "*",
    "!",
    "|",
    ">",
    "<",
    "#",
    "%",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "=",
    "-",
    "..",
    "/",
    "true",
    "null",
    "~",
    "!!binary",
    "!!timestamp x",
    "&a",
    "*a",
    "<<:",
    "---",
    "...",
    "=" * 5,
    "." * 300,
]

texts = st.text(max_size=40) | st.sampled_from(HOSTILE)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=12,
)


@st.composite
def twisted(draw: st.DrawFn, samples: Sequence[str], words: Sequence[str] = ()) -> str:
    """A sample with a few parts of it deleted, doubled, or replaced by something else."""
    text = draw(st.sampled_from(samples))
    for _ in range(draw(st.integers(0, 6))):
        begin = draw(st.integers(0, len(text)))
        end = min(len(text), begin + draw(st.integers(0, 30)))
        new = draw(st.sampled_from([*HOSTILE, *words]) | st.text(max_size=8) | st.just(text[begin:end] * 2))
        text = text[:begin] + new + text[end:]
    return text


def lines(words: Sequence[str]) -> st.SearchStrategy[str]:
    """Lines of these words and hostile ones."""
    word = st.sampled_from([*words, *words, *HOSTILE]) | st.text(max_size=8)
    return st.lists(st.lists(word, max_size=9).map(" ".join), max_size=14).map("\n".join)
