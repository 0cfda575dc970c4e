"""Scripts as words, as far as the fake host has to read them."""

from __future__ import annotations

import functools
import shlex


def logical_lines(text: str) -> list[list[str]]:
    """Words of each command of a script; a quoted word may hold line breaks."""
    return [list(words) for words in _logical_lines(text)]


@functools.cache
def _logical_lines(text: str) -> tuple[tuple[str, ...], ...]:
    found, gathered = [], ""
    for line in text.splitlines(keepends=True):
        gathered += line
        try:
            words = shlex.split(gathered)
        except ValueError:
            continue
        gathered = ""
        if words:
            found.append(tuple(words))
    assert not gathered, f"an open quote in {gathered!r}"
    return tuple(found)


def plain_words(words: list[str]) -> list[str]:
    """Without `env A=b` before the command."""
    if words[0] != "env":
        return words
    rest = words[1:]
    while "=" in rest[0]:
        rest = rest[1:]
    return rest


def plain(words: list[str]) -> str:
    """A command line without environment and kubectl's own options, to be known by its beginning."""
    words = plain_words(words)
    while words[0] == "kubectl" and words[1] in ("--kubeconfig", "--cache-dir"):
        words = [words[0], *words[3:]]
    return shlex.join(words)


def without_options(words: list[str]) -> list[str]:
    """apt-get's words without `-o Name=Value` pairs and -y."""
    found: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "-o":
            next(rest)
        elif word != "-y":
            found.append(word)
    return found
