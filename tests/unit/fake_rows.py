"""kubectl's templates of a few fields, evaluated."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from k8sboot.kubernetes.answers import at
from k8sboot.kubernetes.rows import END

FILTER = re.compile(r'\[\?\(@\.(\w+)=="(\w+)"\)\]')
FIELD = re.compile(r"\{\.([^{}]+)\}")


def rows(items: Iterable[Mapping[str, Any]], fields: Iterable[str]) -> str:
    """What kubectl prints of these objects for rows.template(fields)."""
    wanted = list(fields)
    lines = ["\t".join(_column(item, field) for field in wanted) for item in items]
    return "\n".join([*lines, END])


def _column(item: Mapping[str, Any], field: str) -> str:
    if found := FILTER.search(field):
        members = at(item, *field[: found.start()].split(".")) or []
        inner = field[found.end() :].removeprefix(".")
        chosen = [m for m in members if m.get(found[1]) == found[2]]
        return " ".join(_text(at(m, inner) if inner else m) for m in chosen)
    before, _, behind = field.partition("[*].")
    value = at(item, *before.split("."))
    if not behind:
        return _text(value)
    return " ".join(_text(inner) for member in value or [] if (inner := at(member, behind)) is not None)


def _text(value: object) -> str:
    if value is None:
        return ""
    return json.dumps(value) if isinstance(value, dict | list | bool) else str(value)


def fields_of(words: Iterable[str]) -> list[str]:
    """The fields that a command line of kubectl asks for."""
    return [field for word in words if word.startswith("jsonpath=") for field in FIELD.findall(word)]
