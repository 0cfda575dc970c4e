"""A few fields of many objects, a line each: all of their JSON would be megabytes on a hundred nodes.

From 1.19 on kubectl prints lists and maps within a template as JSON (kubernetes/kubernetes#89660).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from k8sboot.kubernetes.answers import BadAnswer
from k8sboot.text.json_text import bounded

Fields = tuple[str, ...]
"""Paths: 'status.phase', 'status.conditions[?(@.type=="Ready")]', 'status.containerStatuses[*].restartCount'."""
END = "."
"""The last line: without it the answer is cut off."""
_LIST = re.compile(r"\[[^\[\]]*\]")
_DECODER = json.JSONDecoder()


def template(fields: Fields) -> str:
    """The argument of kubectl's --output that prints these fields of every object of a list."""
    columns = '{"\\t"}'.join(f"{{.{field}}}" for field in fields)
    return f'jsonpath={{range .items[*]}}{columns}{{"\\n"}}{{end}}{{"{END}"}}'


def read_rows(text: str, fields: Fields, *, asked: str) -> list[dict[str, Any]]:
    """The objects, each with these fields alone; asked names the query in the error. Raises BadAnswer."""
    *lines, last = text.rstrip("\n").split("\n")
    rows = [line.split("\t") for line in lines]
    if last != END or any(len(row) != len(fields) for row in rows):
        raise BadAnswer(
            f"cannot parse the cluster's answer about {asked}",
            why="it is cut off or not what was asked for" if text.strip() else "the answer is empty",
            fix="run `kubectl get nodes,pods -A` on the first master; an API server that is starting answers soon",
        )
    return [_object(fields, row) for row in rows]


def _object(fields: Fields, row: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field, text in zip(fields, row, strict=True):
        if text:
            _put(found, field, text)
    return found


def _put(item: dict[str, Any], field: str, text: str) -> None:
    """Set the field. One of a list has a value for each member."""
    before, *behind = _LIST.split(field, maxsplit=1)
    *path, name = before.split(".")
    for key in path:
        item = item.setdefault(key, {})
    if not behind:
        item[name] = _value(text)
    elif inner := behind[0].removeprefix("."):
        members = item.setdefault(name, [])
        for index, value in enumerate(_values(text)):
            members += [{}] * (index + 1 - len(members))
            members[index] = {**members[index], inner: value}
    else:
        item[name] = list(_values(text))


def _values(text: str) -> list[Any]:
    """Values separated by blanks: lists and maps as JSON, others as they are."""
    found, at = [], 0
    while at < len(text):
        if text[at] == " ":
            at += 1
            continue
        value, at = _decoded(text, at) if text[at] in "[{" else _word(text, at)
        found.append(value)
    return found


def _word(text: str, at: int) -> tuple[str, int]:
    """The word that begins there, and its end."""
    end = text.find(" ", at)
    end = len(text) if end < 0 else end
    return text[at:end], end


def _decoded(text: str, at: int = 0) -> tuple[Any, int]:
    """The JSON that begins there and its end; all of the text where there is none."""
    try:
        value, end = _DECODER.raw_decode(text, at)
        return bounded(value), end
    except (ValueError, RecursionError):
        return text[at:], len(text)


def _value(text: str) -> Any:  # noqa: ANN401 - JSON
    return _decoded(text)[0] if text[0] in "[{" else text
