"""TOML: what others wrote is read within bounds, and what k8sboot writes comes from a tree in a stable form."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from k8sboot.text.json_text import DEEPEST, bounded

if sys.version_info >= (3, 11):
    import tomllib
else:  # the same parser, which Python has had since 3.11
    import tomli as tomllib

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_INDENT = "  "


def read_toml(text: str) -> dict[str, Any]:
    """The tree. Raises ValueError, with the place where it is known, for what is not TOML or not within the bounds."""
    try:
        found = tomllib.loads(text)
    except RecursionError:
        raise ValueError(f"it is nested deeper than {DEEPEST} levels") from None
    _must_be_plain(bounded(found))
    return found


def _must_be_plain(value: object) -> None:
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            _must_be_plain(each)
    elif not isinstance(value, str | int | float):
        raise ValueError(f"it has a date or a time: {value}")


def toml_text(tree: Mapping[str, Any]) -> str:
    """The tree as TOML: values first, then tables, in their order. Raises ValueError for what TOML cannot hold."""
    return "\n".join(_table(tree, ())).strip("\n") + "\n"


def _table(tree: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """The lines of a table, indented as containerd prints them."""
    tables = {key: value for key, value in tree.items() if isinstance(value, Mapping)}
    values = {key: value for key, value in tree.items() if key not in tables}
    if path and (values or not tables):
        yield f"\n{_INDENT * (len(path) - 1)}[{'.'.join(map(_key, path))}]"
    for key, value in values.items():
        yield f"{_INDENT * len(path)}{_key(key)} = {_value(value)}"
    for key, table in tables.items():
        yield from _table(table, (*path, key))


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _string(name)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_key(key)} = {_value(each)}' for key, each in value.items())}}}"
    raise ValueError(f"it has a value that k8sboot does not write: {value}")


def _string(text: str) -> str:
    """A basic string: its escapes are those of JSON, and U+007F."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
