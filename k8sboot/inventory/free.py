"""The mappings under `kubeadm:`, whose fields are kubeadm's own and are not checked.

Types of their scalars: a quoted one is text. Unquoted null, true and false keep their type, and so do whole and
decimal numbers that print exactly as written; everything else is text. So `110` and `0.8`
are numbers, while `1.30`, `0644`, `1e3`, `no`, `22:22` and `2024-01-01` stay text.
"""

from __future__ import annotations

import re

from k8sboot.inventory.interpolate import InterpolationError, interpolate
from k8sboot.inventory.nodes import Listing, Node, Scalar, Table
from k8sboot.inventory.problems import KeyPath
from k8sboot.inventory.scalars import CheckContext, wrong_kind
from k8sboot.inventory.suggest import dotted

_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")
_DECIMAL = re.compile(r"-?[0-9]{1,15}\.[0-9]{1,15}")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}


def check_free(check: CheckContext, node: Node, path: KeyPath) -> dict[str, object] | None:
    """A free mapping as plain dicts, lists and scalars."""
    if isinstance(node, Scalar) and node.is_null:
        return None
    if not isinstance(node, Table):
        wrong_kind(check, node, path, "a mapping of kubeadm's own fields")
        return None
    return _table(check, node, path)


def _table(check: CheckContext, node: Table, path: KeyPath) -> dict[str, object]:
    for key, _ in node.entries:
        if key.text == "<<" and key.is_plain:
            check.problems.error(
                "KB-ALIAS", "merge keys `<<` are not supported", key.mark, "repeat the fields"
            )
    return {key.text: _value(check, value, (*path, key.text)) for key, value in node.entries}


def _value(check: CheckContext, node: Node, path: KeyPath) -> object:
    check.problems.place(path, node.mark)
    if isinstance(node, Table):
        return _table(check, node, path)
    if isinstance(node, Listing):
        return [_value(check, item, (*path, index)) for index, item in enumerate(node.items)]
    try:
        text = interpolate(node.text, check.environ)
    except InterpolationError as error:
        check.refuse("KB-ENV", f"`{dotted(path)}`: {error.message}", node, path, error.suggestion)
        return None
    return typed(text) if node.is_plain else text


def typed(text: str) -> object:
    """What an unquoted scalar means."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text) and repr(float(text)) == text:
        return float(text)
    return text
