"""Command lines as words, as far as the fake host has to read them."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Iterable

from k8sboot.desired.downloads import DOWNLOADS_BY


@functools.lru_cache(maxsize=4096)
def _joined(words: tuple[str, ...]) -> str:
    return shlex.join(words)


def joined(words: Iterable[str]) -> str:
    """shlex.join of words that hosts are sent again and again."""
    return _joined(tuple(words))


@functools.lru_cache(maxsize=1024)
def split(line: str) -> tuple[str, ...]:
    """shlex.split of such a line."""
    return tuple(shlex.split(line))


def plain_words(words: list[str]) -> list[str]:
    """Without `env A=b`, and what gives it the inventory's proxy, before the command."""
    if tuple(words[:4]) == DOWNLOADS_BY:
        words = words[4:]
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
    return joined(words)


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
