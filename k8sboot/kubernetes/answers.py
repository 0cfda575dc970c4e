"""Parse kubectl's JSON, which is untrusted."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from k8sboot.errors import StepFailed
from k8sboot.text.json_text import read_json
from k8sboot.text.numbers import whole

_AWAY = re.compile(
    r"Unable to connect to the server: (?!x509|.{0,400}no such host)"
    r"|connection to the server \S+ was refused"
    r"|Error from server \((?:ServiceUnavailable|Timeout|ServerTimeout|TooManyRequests)\)"
    r"|etcdserver: (?:request timed out|leader changed|no leader)"
)
"""As kubectl (with the errors of client-go and apimachinery) words it."""
LONGEST_ERROR = 64 * 1024
"""Characters of a failed kubectl's output, the last of which name its error."""


class BadAnswer(StepFailed):
    """The cluster's answer is not understood. It is not shown: it may hold secrets."""

    code = "KB-KUBECTL-ANSWER"


def read_object(text: str, *, asked: str) -> dict[str, Any]:
    """The JSON object in kubectl's answer; asked names the query in the error. Raises BadAnswer."""
    try:
        found = read_json(text)
    except ValueError as error:
        raise _bad(asked, _reason(text, error)) from None
    if not isinstance(found, dict):
        raise _bad(asked, f"it is a JSON {type(found).__name__}, not an object")
    return found


def read_items(text: str, *, asked: str) -> list[dict[str, Any]]:
    """The objects of a List; a single object counts as a list of one. Raises BadAnswer."""
    found = read_object(text, asked=asked)
    items = found.get("items", [found] if "metadata" in found else None)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise _bad(asked, "it has no list of objects")
    return items


def at(item: object, *path: str) -> Any:  # noqa: ANN401 - JSON
    """The value at that path; None if any part of it is missing or not a mapping."""
    for key in path:
        if not isinstance(item, Mapping):
            return None
        item = item.get(key)
    return item


def text_at(item: object, *path: str) -> str:
    """The string at that path, or empty."""
    found = at(item, *path)
    return found if isinstance(found, str) else ""


def number_at(item: object, *path: str) -> int:
    """The number at that path, or 0."""
    found = at(item, *path)
    if isinstance(found, str):
        return whole(found) or 0
    return found if isinstance(found, int) and not isinstance(found, bool) else 0


def mappings_at(item: object, *path: str) -> tuple[Mapping[str, Any], ...]:
    """The mappings in the list at that path, or none."""
    found = at(item, *path)
    if not isinstance(found, Sequence) or isinstance(found, str):
        return ()
    return tuple(entry for entry in found if isinstance(entry, Mapping))


def _bad(asked: str, why: str) -> BadAnswer:
    return BadAnswer(
        f"cannot parse the cluster's answer about {asked}",
        why=why,
        fix="run the same query with kubectl on the first master; an API server that is starting answers "
        "soon",
    )


def _reason(text: str, error: Exception) -> str:
    if not text.strip():
        return "the answer is empty"
    from json import JSONDecodeError  # late: an inventory is checked without it

    if isinstance(error, JSONDecodeError):
        return f"it is not JSON: {error.msg} at line {error.lineno}"
    return f"it is not JSON that k8sboot reads: {error}"


def is_away(output: str) -> bool:
    """Whether a failed kubectl's output means that the API server is only temporarily unavailable."""
    return bool(_AWAY.search(output[-LONGEST_ERROR:]))
