"""RPM's order of versions, and the lists that yum prints. Pure."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping

from k8sboot.text.numbers import compared

_SEGMENT = re.compile(r"[0-9]+|[a-zA-Z]+|~|\^")
_VERSION = re.compile(r"(?:\d+:)?[0-9A-Za-z][^\s:-]*-[^\s:-]+")
_END = re.compile(r"^(Obsoleting Packages|Security: )")


def compare(one: str, other: str) -> int:
    """-1, 0 or 1 if EPOCH:VERSION-RELEASE `one` is older than, equal to, or newer than `other`."""
    for mine, theirs in zip(_parts(one), _parts(other), strict=True):
        if order := _compare_labels(mine, theirs):
            return order
    return 0


def _newest_first(one: str, other: str) -> int:
    return compare(other, one)


def _parts(evr: str) -> tuple[str, str, str]:
    epoch, _, rest = evr.rpartition(":")
    version, _, release = rest.partition("-")
    return epoch or "0", version, release


def _compare_labels(one: str, other: str) -> int:
    """rpmvercmp: runs of digits are numbers, numbers beat letters, ~ is older than the end, ^ newer."""
    mine, theirs = _SEGMENT.findall(one), _SEGMENT.findall(other)
    for index in range(max(len(mine), len(theirs))):
        a = mine[index] if index < len(mine) else ""
        b = theirs[index] if index < len(theirs) else ""
        if a != b and (rank := _rank(a) - _rank(b)):
            return 1 if rank > 0 else -1
        if a.isdigit() and b.isdigit() and (order := compared(a, b)):
            return order
        if a != b and not a.isdigit():
            return 1 if a > b else -1
    return 0


def _rank(segment: str) -> int:
    if segment == "~":
        return 0
    if not segment:
        return 1
    if segment == "^":
        return 2
    return 4 if segment.isdigit() else 3


def offered(listing: str, arch: str) -> Mapping[str, tuple[str, ...]]:
    """Name: versions (EPOCH:VERSION-RELEASE), newest first, from the output of `yum list` or `check-update`.

    A row is NAME.ARCH VERSION REPOSITORY, which yum breaks if lines are too narrow; other output is ignored, and so
    are packages of other architectures.
    """
    found: dict[str, set[str]] = {}
    for name, version in _neighbours(listing):
        bare, _, of_arch = name.rpartition(".")
        if bare and of_arch in (arch, "noarch") and _VERSION.fullmatch(version):
            found.setdefault(bare, set()).add(version if ":" in version else f"0:{version}")
    return {
        name: tuple(sorted(versions, key=functools.cmp_to_key(_newest_first)))
        for name, versions in found.items()
    }


def _neighbours(listing: str) -> Iterator[tuple[str, str]]:
    """Each word with the next one."""
    words: list[str] = []
    for line in listing.splitlines():
        if _END.match(line):
            break
        words += line.split()
    return zip(words, words[1:], strict=False)
