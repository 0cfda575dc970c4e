"""Checks single values against its declaration: text, words, numbers, flags. None means: not set, or refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from k8sboot.inventory.forms import Form, FormError
from k8sboot.inventory.interpolate import InterpolationError, interpolate
from k8sboot.inventory.kinds import Choice, Number, Text
from k8sboot.inventory.nodes import Node, Scalar, Table
from k8sboot.inventory.problems import KeyPath, Problems
from k8sboot.inventory.suggest import dotted, nearest, quoted
from k8sboot.inventory.url_forms import is_url

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,11})")
_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(
    f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
)
"""systemd ignores a variable that holds one of them."""
_CONTROL = re.compile(rf"[\x00-\x1f\x7f-\x9f\u2028\u2029{_NONCHARACTERS}]")
_TRUE, _FALSE = frozenset({"true", "True", "TRUE"}), frozenset({"false", "False", "FALSE"})
_MEANT_TRUE, _MEANT_FALSE = frozenset({"yes", "y", "on", "1"}), frozenset({"no", "n", "off", "0"})


@dataclass(frozen=True)
class CheckContext:
    """What every check needs. folder: where relative paths start."""

    problems: Problems
    environ: Mapping[str, str]
    folder: Path

    def refuse(self, code: str, message: str, node: Node, path: KeyPath, suggestion: str = "") -> None:
        """Note an error at node, and that the value of path is refused."""
        self.problems.error(code, message, node.mark, suggestion)
        self.problems.refuse(path)


def is_plain(text: str) -> bool:
    """Whether it is one line without control characters and noncharacters, as every value of the inventory is."""
    return not _CONTROL.search(text)


def scalar_of(check: CheckContext, node: Node, path: KeyPath, wanted: str) -> str | None:
    """The node's text with its variables filled in, when it is one line of text."""
    if not isinstance(node, Scalar):
        wrong_kind(check, node, path, wanted)
        return None
    try:
        text = interpolate(node.text, check.environ)
    except InterpolationError as error:
        check.refuse("KB-ENV", f"`{dotted(path)}`: {error.message}", node, path, error.suggestion)
        return None
    if not is_plain(text):
        message = f"`{dotted(path)}` must be one line without control characters and noncharacters of Unicode"
        check.refuse(
            "KB-VALUE",
            message,
            node,
            path,
            "use `|-` instead of `|` or `>`, which end with a newline, or quote the value",
        )
        return None
    return text


def wrong_kind(check: CheckContext, node: Node, path: KeyPath, wanted: str, suggestion: str = "") -> None:
    """Note that the node has the wrong type."""
    found = "text" if isinstance(node, Scalar) else "a mapping" if isinstance(node, Table) else "a list"
    if isinstance(node, Scalar) and node.is_null:
        found = "an empty value"
    check.refuse("KB-KIND", f"`{dotted(path)}` must be {wanted}, not {found}", node, path, suggestion)


def check_form(check: CheckContext, node: Node, path: KeyPath, text: str, form: Form | None) -> str | None:
    """text in its normal form."""
    try:
        return form(text) if form else text
    except FormError as error:
        message = f"`{dotted(path)}` {error.message}, not {_as_written(node, text)}"
        is_as_written = isinstance(node, Scalar) and node.text == text
        fix = error.suggestion if is_as_written else "check the values of the variables"
        check.refuse(error.code, message, node, path, fix)
        return None


def check_text(check: CheckContext, node: Node, kind: Text, path: KeyPath) -> str | None:
    """One line of text; a path comes back absolute, and a text in its place as it is."""
    if isinstance(node, Scalar) and _replaces_file(node.text, kind):
        return check_form(check, node, path, node.text.strip(), kind.form)
    return _line(check, node, kind, path)


def _replaces_file(text: str, kind: Text) -> bool:
    begins = kind.path.or_text if kind.path else ""
    return bool(begins) and text.lstrip().startswith(begins)


def _line(check: CheckContext, node: Node, kind: Text, path: KeyPath) -> str | None:
    text = scalar_of(check, node, path, "text")
    if text is None:
        return None
    if not text and kind.may_be_empty:
        return text
    if not text:
        check.refuse(
            "KB-VALUE", f"`{dotted(path)}` is empty", node, path, "remove the key to use the default"
        )
        return None
    text = check_form(check, node, path, text, kind.form)
    if text is None or not kind.path or text == kind.path.unless or is_url(text):
        return text
    file = expand(text, check.folder, check.environ)
    if kind.path.must_exist and not _is_file(file):
        message = f"`{dotted(path)}`: no such file: {file}"
        check.refuse("KB-NO-FILE", message, node, path, "relative paths start at the inventory's directory")
        return None
    return str(file)


def check_choice(check: CheckContext, node: Node, kind: Choice, path: KeyPath) -> str | None:
    """One of the words."""
    text = scalar_of(check, node, path, "text")
    if text is None or text in kind.words:
        return text
    near = nearest(text, kind.words)
    fix = kind.reasons.get(text) or (f"did you mean `{near}`?" if near else "")
    message = f"`{dotted(path)}` must be {_listed(kind.words)}, not {_as_written(node, text)}"
    check.refuse("KB-VALUE", message, node, path, fix)
    return None


def check_number(check: CheckContext, node: Node, kind: Number, path: KeyPath) -> int | None:
    """A whole decimal number; no octal, no hexadecimal, no sexagesimal."""
    text = scalar_of(check, node, path, "a number")
    if text is None:
        return None
    if _NUMBER.fullmatch(text) and kind.least <= int(text) <= kind.most:
        return int(text)
    message = f"`{dotted(path)}` must be a whole number from {kind.least} to {kind.most}, not {_as_written(node, text)}"
    check.refuse("KB-VALUE", message, node, path, "use decimal digits without a unit")
    return None


def check_flag(check: CheckContext, node: Node, path: KeyPath) -> bool | None:
    """true or false."""
    text = scalar_of(check, node, path, "true or false")
    if text is None or text in _TRUE or text in _FALSE:
        return None if text is None else text in _TRUE
    meant = "true" if text.lower() in _MEANT_TRUE else "false" if text.lower() in _MEANT_FALSE else ""
    fix = f"did you mean `{meant}`?" if meant else ""
    check.refuse(
        "KB-VALUE", f"`{dotted(path)}` must be true or false, not {_as_written(node, text)}", node, path, fix
    )
    return None


def expand(text: str, folder: Path, environ: Mapping[str, str]) -> Path:
    """A path with `~` at home and anything relative in folder."""
    if text == "~" or text.startswith("~/"):
        return Path(environ.get("HOME") or Path.home()) / text[2:]
    return folder / text


def _as_written(node: Node, text: str) -> str:
    """The value as the file has it: the value of a variable may be confidential."""
    written = node.text if isinstance(node, Scalar) else text
    return quoted(written) if written else "an empty value"


def _listed(words: tuple[str, ...]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
