"""The tree an inventory is checked as: text, lists and tables with their places. No YAML library in here."""

from __future__ import annotations

from dataclasses import dataclass

from k8sboot.inventory.source import Mark

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True)
class Scalar:
    """A piece of text. is_plain: without quotes in the file."""

    text: str
    mark: Mark
    is_plain: bool = True

    @property
    def is_null(self) -> bool:
        """Empty, `~` or `null`, without quotes."""
        return self.is_plain and self.text in _NULLS


@dataclass(frozen=True)
class Listing:
    """A YAML sequence."""

    items: tuple[Node, ...]
    mark: Mark


@dataclass(frozen=True)
class Table:
    """A YAML mapping; its keys are text and unique."""

    entries: tuple[tuple[Scalar, Node], ...]
    mark: Mark


Node = Scalar | Listing | Table
