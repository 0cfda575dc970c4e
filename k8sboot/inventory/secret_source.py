"""The source of a secret as the inventory gives it, or, with a warning, the secret in plain text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from k8sboot.inventory.interpolate import InterpolationError, interpolate, is_one_variable, names_variable
from k8sboot.inventory.nodes import Listing, Node, Scalar, Table
from k8sboot.inventory.problems import KeyPath
from k8sboot.inventory.scalars import CheckContext, scalar_of
from k8sboot.inventory.source import Mark
from k8sboot.inventory.suggest import dotted, nearest

SourceKind = Literal["literal", "env", "file", "command", "prompt"]
_WANTED = "{env: NAME}, {file: PATH}, {command: [...]} or {prompt: true}"
_KINDS: tuple[SourceKind, ...] = ("env", "file", "command", "prompt")


@dataclass(frozen=True)
class SecretSource:
    """A secret not yet fetched. words: variable, file, argv, or literal. path: of its key."""

    kind: SourceKind
    words: tuple[str, ...] = field(repr=False)
    path: KeyPath
    mark: Mark


def check_secret(check: CheckContext, node: Node, path: KeyPath) -> SecretSource | None:
    """The secret's source; nothing is fetched here."""
    if isinstance(node, Scalar):
        return _literal(check, node, path)
    if not isinstance(node, Table) or len(node.entries) != 1:
        check.refuse("KB-KIND", f"`{dotted(path)}` must be {_WANTED}", node, path)
        return None
    key, value = node.entries[0]
    kind = next((each for each in _KINDS if each == key.text), None)
    if kind is None:
        near = nearest(key.text, _KINDS)
        message = f"`{dotted(path)}` must be {_WANTED}"
        check.refuse("KB-UNKNOWN-KEY", message, key, path, f"did you mean `{near}`?" if near else "")
        return None
    words = _words(check, value, kind, path)
    return SecretSource(kind, words, path, node.mark) if words else None


def _literal(check: CheckContext, node: Scalar, path: KeyPath) -> SecretSource | None:
    if node.is_null:
        return None
    try:
        text = interpolate(node.text, check.environ)
    except InterpolationError as error:
        is_reference = is_one_variable(node.text)  # else the name may be a part of a password with dollars
        message = error.message if is_reference else "a variable in it is not set, or `${` is not closed"
        fix = error.suggestion if is_reference else "write `$$` for a literal `$`"
        check.refuse("KB-ENV", f"`{dotted(path)}`: {message}", node, path, fix)
        return None
    if not names_variable(node.text):
        fix = f"use {_WANTED} instead"
        if "$$" in node.text:
            fix = "`$$` was read as one `$`: write `$$$$` for two, or use {env: NAME}"
        message = f"`{dotted(path)}` is stored in plain text in the inventory"
        check.problems.warning("KB-SECRET-LITERAL", message, node.mark, fix)
    return SecretSource("literal", (text,), path, node.mark)


def _words(check: CheckContext, node: Node, kind: SourceKind, path: KeyPath) -> tuple[str, ...]:
    if kind == "command":
        return _argv(check, node, path)
    text = scalar_of(check, node, (*path, kind), "text")
    if text is None:
        check.problems.refuse(path)
        return ()
    if not text or (kind == "prompt" and text != "true"):
        wanted = "be true; remove the key otherwise" if kind == "prompt" else "not be empty"
        check.refuse("KB-VALUE", f"`{dotted((*path, kind))}` must {wanted}", node, path)
        return ()
    return (text,)


def _argv(check: CheckContext, node: Node, path: KeyPath) -> tuple[str, ...]:
    """The command's words exactly as written: variables in them are not replaced."""
    items = node.items if isinstance(node, Listing) else ()
    words = tuple(item.text for item in items if isinstance(item, Scalar))
    if not words or len(words) != len(items) or not words[0]:
        message = f"`{dotted((*path, 'command'))}` must be a list of words"
        check.refuse(
            "KB-KIND",
            message,
            node,
            path,
            "for example [pass, show, k8s/sudo]; for a pipe use [sh, -c, '...']",
        )
        return ()
    return words
