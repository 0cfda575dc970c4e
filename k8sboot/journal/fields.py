"""Fields of records, which may be damaged: a value of the right type, or an empty one."""

from __future__ import annotations

from k8sboot.journal.records import Record

_MOST = 1e15


def text(record: Record, key: str) -> str:
    """A text, '' where there is none."""
    found = record.get(key)
    return found if isinstance(found, str) else ""


def number(record: Record, key: str) -> float:
    """A number, 0 where there is none."""
    found = record.get(key)
    if not isinstance(found, int | float) or not abs(found) < _MOST:
        return 0.0
    return float(found)


def names(record: Record, key: str) -> list[str]:
    """A list of texts, without what is none."""
    found = record.get(key)
    return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []
