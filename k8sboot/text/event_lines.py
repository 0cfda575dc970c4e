"""What an event says: a mark, one line of text and details below it, for the console and the journal alike.

An event comes as the name of its class and its fields: the console has the event, the journal its record, which
may be damaged. Texts are returned raw: whoever shows them masks and sanitizes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

Fields = Mapping[str, Any]
_MOST = 1e15
"""Seconds. A damaged record may hold any number."""


@dataclass(frozen=True)
class Block:
    """Text below a line. prefix: stands before each line of it."""

    prefix: str
    text: str


@dataclass(frozen=True)
class EventLine:
    """tail: the end of the line, a time or a code, never cut off. activity: what the host does from now on, or ""."""

    mark: str
    text: str
    tail: str = ""
    details: tuple[Block, ...] = ()
    activity: str = ""


def event_line(name: str, fields: Fields) -> EventLine | None:
    """The line of an event of that class; None for one that has none."""
    make = _LINES.get(name)
    return make(fields) if make else None


def error_blocks(error: Fields) -> tuple[Block, ...]:
    """The cause of an error, its fix, and the end of the output."""
    named = (Block(f"{label}: ", _text(error, label)) for label in ("why", "fix"))
    return tuple(block for block in (*named, Block("| ", _text(error, "detail"))) if block.text)


def duration(seconds: object) -> str:
    """'12.3 s', '2 min 05 s', '1 h 02 min'; '?' for what is not a number."""
    if not _is_number(seconds):
        return "?"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes} min {rest:02} s"


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and abs(value) < _MOST


def _text(fields: Fields, key: str) -> str:
    return str(fields.get(key) or "")


def _commands(fields: Fields) -> Iterable[Block]:
    found = fields.get("commands")
    return [Block("$ ", str(each)) for each in found] if isinstance(found, list | tuple) else []


def _diff(fields: Fields) -> Iterable[Block]:
    return [Block("", _text(fields, "diff"))] if fields.get("diff") else []


def _connected(fields: Fields) -> EventLine:
    return EventLine(".", f"connected: {_text(fields, 'system')}, kernel {_text(fields, 'kernel')}")


def _phase_started(fields: Fields) -> EventLine:
    return EventLine("==", _text(fields, "phase"), activity="checking")


def _phase_ended(fields: Fields) -> EventLine:
    took = duration(fields.get("seconds"))
    return EventLine(".", f"{_text(fields, 'phase')} ended: {fields.get('changes')} changed, {took}")


def _changing(fields: Fields) -> EventLine:
    return EventLine(">", _text(fields, "what"), details=tuple(_commands(fields)))


def _changed(fields: Fields) -> EventLine:
    what, is_dry = _text(fields, "what"), bool(fields.get("is_dry"))
    return EventLine(
        "~" if is_dry else "+",
        what,
        tail="" if is_dry else f" ({duration(fields.get('seconds'))})",
        details=(*_diff(fields), *_commands(fields)),
        activity=f"done: {what}",
    )


def _working(fields: Fields) -> EventLine:
    what = _text(fields, "what")
    return EventLine("*", f"{what} ...", activity=what)


def _waiting(fields: Fields) -> EventLine:
    what, timeout = f"waiting for {_text(fields, 'what')}", fields.get("timeout")
    limit = f"{timeout:.0f} s" if _is_number(timeout) else "?"
    return EventLine("*", f"{what}, at most {limit}", activity=what)


def _output(fields: Fields) -> EventLine:
    return EventLine("|", _text(fields, "line"))


def _evidence(fields: Fields) -> EventLine:
    path = _text(fields, "text")
    return EventLine(
        ".", f"evidence of the failure: {path}" if path else "the evidence of the failure is not stored"
    )


def _notice(fields: Fields) -> EventLine:
    return EventLine(
        "!", _text(fields, "text"), tail=f" [{_text(fields, 'code')}]", details=tuple(_diff(fields))
    )


def _differs(fields: Fields) -> EventLine:
    where = _text(fields, "where")
    return EventLine(
        "!",
        f"{_text(fields, 'key')} differs: {where} has {_text(fields, 'cluster')}, "
        f"the inventory {_text(fields, 'inventory')}; `up` does not change it",
        tail=" [KB-DIFFERS]",
        details=(Block("to change it: ", _text(fields, "how")),),
    )


def _checked(fields: Fields) -> EventLine:
    mark = {"passed": "+", "failed": "x"}.get(_text(fields, "outcome"), "-")
    text = f"{_text(fields, 'row')} {_text(fields, 'outcome')}: {_text(fields, 'seen')}"
    tail = f" [{_text(fields, 'code')}]" if fields.get("code") else f" ({duration(fields.get('seconds'))})"
    return EventLine(mark, text, tail=tail, details=error_blocks(fields))


def _unknown(fields: Fields) -> EventLine:
    what = _text(fields, "what") or _text(fields, "phase")
    return EventLine("?", f"{what}: known only after {_text(fields, 'after')}")


def _skipped(fields: Fields) -> EventLine:
    return EventLine("-", f"{_text(fields, 'phase')}: not started, {_text(fields, 'why')}")


def _failed(fields: Fields) -> EventLine:
    found = fields.get("error")
    error = found if isinstance(found, Mapping) else {}
    text = f"{_text(fields, 'phase')}: {_text(error, 'what')}"
    return EventLine("x", text, tail=f" [{_text(error, 'code')}]", details=error_blocks(error))


_LINES: dict[str, Callable[[Fields], EventLine]] = {
    "Connected": _connected,
    "PhaseStarted": _phase_started,
    "PhaseEnded": _phase_ended,
    "Changing": _changing,
    "Changed": _changed,
    "Working": _working,
    "Waiting": _waiting,
    "Output": _output,
    "Evidence": _evidence,
    "Checked": _checked,
    "Differs": _differs,
    "Notice": _notice,
    "Unknown": _unknown,
    "Skipped": _skipped,
    "Failed": _failed,
}
