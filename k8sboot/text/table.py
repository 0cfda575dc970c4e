"""Columns of plain text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from k8sboot.text.sanitize import safe_line


def table(rows: Iterable[Sequence[str]]) -> list[str]:
    """A line for each row, columns as wide as their widest cell; cells are sanitized. All rows have the same length."""
    lines = [tuple(map(safe_line, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return ["  ".join(f"{c:<{w}}" for c, w in zip(line, widths, strict=True)).rstrip() for line in lines]
