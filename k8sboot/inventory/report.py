"""A problem as shown to users: place, code, message, the line with a caret, and a suggestion. Pure."""

from __future__ import annotations

import unicodedata

from k8sboot.errors import Problem

_WIDEST = 120
_BEFORE_CARET = 80


def shown(text: str, longest: int = 600) -> str:
    """text, cut to longest, with every character that could control a terminal replaced by a visible one."""
    cut = text if len(text) <= longest else text[: longest - 1] + "…"
    return "".join(_visible(character) for character in cut)


def _visible(character: str) -> str:
    code = ord(character)
    if character == "\t":
        return "→"
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    # C1 controls, bidirectional overrides, line separators, surrogates, unassigned
    return (
        "\ufffd"
        if unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp", "Cs", "Cn", "Co"}
        else character
    )


def format_problem(problem: Problem) -> str:
    """The problem as lines of plain text without a trailing newline.

    `file:line:column: error[CODE]: message`, then the source line with a caret under the column, then
    `help: ...`; what is not known is left out. No control character of the file comes through.
    """
    lines = [f"{_place(problem)}: {_kind(problem)}: {shown(problem.message)}"]
    if problem.source.strip() and problem.line:
        lines += _quoted(problem)
    if problem.suggestion:
        lines.append(f"  help: {shown(problem.suggestion)}")
    return "\n".join(lines)


def _place(problem: Problem) -> str:
    name = shown(problem.file)
    return f"{name}:{problem.line}:{problem.column}" if problem.line else name


def _kind(problem: Problem) -> str:
    return f"{'warning' if problem.is_warning else 'error'}[{shown(problem.code)}]"


def _quoted(problem: Problem) -> list[str]:
    column = min(max(problem.column, 1), len(problem.source) + 1)
    start = max(0, column - 1 - _BEFORE_CARET)
    before = shown(problem.source[start : column - 1])
    after = shown(problem.source[column - 1 : start + _WIDEST])
    head = f"{problem.line:>5} | "
    margin = " " * (len(head) - 2) + "| "
    return [f"{head}{before}{after}".rstrip(), f"{margin}{' ' * _width(before)}^"]


def _width(text: str) -> int:
    """Columns a terminal needs for text: wide characters take two, combining ones none."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
