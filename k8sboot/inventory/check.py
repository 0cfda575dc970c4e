"""Checks the tree against the declared keys: types each value, notes each problem, records each place.

The result mirrors the dataclasses as dicts by field name. Keys that are not set are absent. Refused values are
absent too, or "" if the key is required, so that the rest can still be checked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from k8sboot.inventory.forms import Form
from k8sboot.inventory.free import check_free
from k8sboot.inventory.keys import rows
from k8sboot.inventory.kinds import (
    Choice,
    Flag,
    Free,
    Kind,
    Many,
    Named,
    Number,
    Pairs,
    SecretText,
    Section,
    Text,
    TextList,
)
from k8sboot.inventory.nodes import Listing, Node, Scalar, Table
from k8sboot.inventory.problems import KeyPath
from k8sboot.inventory.scalars import (
    CheckContext,
    check_choice,
    check_flag,
    check_form,
    check_number,
    check_text,
    scalar_of,
    wrong_kind,
)
from k8sboot.inventory.secret_source import check_secret
from k8sboot.inventory.suggest import dotted, nearest, quoted

Values = dict[str, object]


def check_section(check: CheckContext, node: Node, section: Section, path: KeyPath) -> Values:
    """A mapping with known keys."""
    values: Values = {}
    if isinstance(node, Table):
        for key, value in node.entries:
            _check_entry(check, (key, value), section, path, values)
    elif not is_null(node):
        wrong_kind(check, node, path, "a mapping", _example(section))
    for name in section.required:
        if values.setdefault(section.keys[name].field, "") == "":
            _require(check, node, name, path)
    return values


def _check_entry(
    check: CheckContext, entry: tuple[Scalar, Node], section: Section, path: KeyPath, values: Values
) -> None:
    key, node = entry
    known = section.keys.get(key.text)
    if known is None:
        message = f"unknown key {quoted(key.text)} in {_called(path)}"
        check.problems.error("KB-UNKNOWN-KEY", message, key.mark, _meant(key.text, section))
        return
    where = (*path, key.text)
    check.problems.place(where, node.mark)
    value = None if is_null(node) else check_value(check, node, known.kind, where)
    if value is not None:
        values[known.field] = value


def check_value(check: CheckContext, node: Node, kind: Kind, path: KeyPath) -> object:
    """A value of any kind; None when it was refused."""
    found: object = _CHECKS[type(kind)](check, node, kind, path)
    return found


def _require(check: CheckContext, node: Node, key: str, path: KeyPath) -> None:
    where = (*path, key)
    if not check.problems.is_refused(where):
        fix = f"add `{key}: ...`" if path else "add `masters: [{name: k8s-master01, address: 192.168.1.10}]`"
        check.refuse("KB-MISSING-KEY", f"`{key}` is missing in {_called(path)}", node, where, fix)


def _meant(key: str, section: Section) -> str:
    near = nearest(key, section.keys)
    if near:
        return f"did you mean `{near}`?"
    places = {key.rpartition(".")[2]: key for key, _ in rows()}
    elsewhere = nearest(key, places)
    if elsewhere:
        return f"`{elsewhere}` belongs to `{places[elsewhere].rpartition('.')[0]}`"
    return f"valid keys: {', '.join(section.keys)}"


def _example(section: Section) -> str:
    if section.required == ("name", "address"):
        return "write {name: k8s-node01, address: 192.168.1.11}"
    return f"valid keys: {', '.join(section.keys)}"


def _called(path: KeyPath) -> str:
    return f"`{dotted(path)}`" if path else "the inventory"


def is_null(node: Node) -> bool:
    """Whether the value is empty, `~` or null, which mean the default."""
    return isinstance(node, Scalar) and node.is_null


def _many(check: CheckContext, node: Node, kind: Many, path: KeyPath) -> list[Values] | None:
    if not isinstance(node, Listing):
        wrong_kind(check, node, path, "a list", "start each item with `- `")
        return None
    return [_item(check, item, kind, (*path, index)) for index, item in enumerate(node.items)]


def _item(check: CheckContext, node: Node, kind: Many, path: KeyPath) -> Values:
    check.problems.place(path, node.mark)
    if is_null(node):
        wrong_kind(check, node, path, "a mapping", _example(kind.section))
    return check_section(check, node, kind.section, path)


def _named(check: CheckContext, node: Node, kind: Named, path: KeyPath) -> dict[str, Values] | None:
    if not isinstance(node, Table):
        wrong_kind(check, node, path, "a mapping of names")
        return None
    named = {}
    for key, value in node.entries:
        where = (*path, key.text)
        check.problems.place(where, value.mark)
        name = check_form(check, key, where, key.text, kind.name_form)
        named[name or ""] = check_section(check, value, kind.section, where)
    return named


def _words(check: CheckContext, node: Node, kind: TextList, path: KeyPath) -> tuple[str, ...] | None:
    if not isinstance(node, Listing):
        fix = f"did you mean [{node.text}]?" if isinstance(node, Scalar) else "start each item with `- `"
        wrong_kind(check, node, path, "a list", fix)
        return None
    items = enumerate(node.items)
    words = [_line(check, item, kind.form, (*path, index)) for index, item in items]
    return tuple(word for word in words if word is not None)


def _line(check: CheckContext, node: Node, form: Form | None, path: KeyPath) -> str | None:
    check.problems.place(path, node.mark)
    if is_null(node):
        wrong_kind(check, node, path, "text")
        return None
    text = scalar_of(check, node, path, "text")
    return None if text is None else check_form(check, node, path, text, form)


def _pairs(check: CheckContext, node: Node, kind: Pairs, path: KeyPath) -> dict[str, str] | None:
    if not isinstance(node, Table):
        wrong_kind(check, node, path, "a mapping of names to values")
        return None
    pairs = {}
    for key, value in node.entries:
        where = (*path, key.text)
        name = check_form(check, key, where, key.text, kind.name_form)
        text = _line(check, value, kind.value_form, where)
        if name is not None and text is not None:
            pairs[name] = text
    return pairs


_CHECKS: dict[type, Callable[[CheckContext, Node, Any, KeyPath], object]] = {
    Text: check_text,
    Choice: check_choice,
    Number: check_number,
    Flag: lambda check, node, _, path: check_flag(check, node, path),
    SecretText: lambda check, node, _, path: check_secret(check, node, path),
    Free: lambda check, node, _, path: check_free(check, node, path),
    TextList: _words,
    Pairs: _pairs,
    Named: _named,
    Many: _many,
    Section: check_section,
}
