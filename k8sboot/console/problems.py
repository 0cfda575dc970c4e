"""A problem as shown to users: place, code, message, the line with a caret, and a suggestion."""

from __future__ import annotations

from k8sboot.errors import Problem
from k8sboot.text.sanitize import visible

_WIDEST = 120
_BEFORE_CARET = 80


def format_problem(problem: Problem) -> str:
    """The problem as lines of plain text without a trailing newline.

    `file:line:column: error[CODE]: message`, then the source line with a caret under the column, then
    `help: ...` with the lines to paste; what is not known is left out. No control character of the file comes through.
    """
    lines = [f"{_place(problem)}: {_kind(problem)}: {visible(problem.message)}"]
    if problem.source.strip() and problem.line:
        lines += _quoted(problem)
    if problem.suggestion:
        lines.append(f"  help: {visible(problem.suggestion)}")
    lines += [f"    {visible(line)}" for line in problem.paste]
    return "\n".join(lines)


def _place(problem: Problem) -> str:
    name = visible(problem.file)
    return f"{name}:{problem.line}:{problem.column}" if problem.line else name


def _kind(problem: Problem) -> str:
    return f"{'warning' if problem.is_warning else 'error'}[{visible(problem.code)}]"


def _quoted(problem: Problem) -> list[str]:
    column = min(max(problem.column, 1), len(problem.source) + 1)
    start = max(0, column - 1 - _BEFORE_CARET)
    before = visible(problem.source[start : column - 1])
    after = visible(problem.source[column - 1 : start + _WIDEST])
    head = f"{problem.line:>5} | "
    margin = " " * (len(head) - 2) + "| "
    return [f"{head}{before}{after}".rstrip(), f"{margin}{' ' * _width(before)}^"]


def _width(text: str) -> int:
    """In a terminal's columns."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # late: few inventories need it

    return cell_len(text)
