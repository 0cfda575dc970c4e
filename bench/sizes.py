"""How much is measured: everything, or next to nothing to see that the bench itself works."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """pairs: turns of each contender. quick_pairs: of what takes a fraction of a second. hosts: the curve's points.

    delays: milliseconds there and back. is_whole: whether its figures may stand in results.md.
    """

    pairs: int
    quick_pairs: int
    hosts: tuple[int, ...]
    delays: tuple[int, ...]
    is_whole: bool


WHOLE = Sizes(pairs=5, quick_pairs=21, hosts=(1, 3, 10, 30, 120, 300), delays=(0, 30), is_whole=True)
TINY = Sizes(pairs=1, quick_pairs=1, hosts=(1, 2), delays=(0, 30), is_whole=False)
