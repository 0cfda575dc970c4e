"""Records in words, for the logs of the hosts and for `k8sboot history`: clean, and one thing a line."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from k8sboot.text.sanitize import safe, safe_line

Record = Mapping[str, Any]
INDENT = "    "


def told(record: Record) -> list[str]:
    """What a record says: a line with its time, and indented those that belong to it; [] for one unknown."""
    tell = _TELL.get(str(record.get("event")))
    if tell is None:
        return []
    head, *rest = tell(record)
    return [f"{clock(record.get('time'))} {head}", *(INDENT + line for line in rest)]


def clock(seconds: object) -> str:
    """A moment on this machine's clock; seconds since the epoch."""
    if not isinstance(seconds, int | float):
        return "?"
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
    except (OverflowError, ValueError, OSError):
        return "?"


def length(seconds: object) -> str:
    """So many seconds in words."""
    if not isinstance(seconds, int | float) or not math.isfinite(seconds):
        return "?"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes} min {rest:02} s"


def error_lines(error: Record) -> list[str]:
    """An error in full: what, and below it why, how to mend it, and the end of the output."""
    named = [f"{label}: {text(error, label)}" for label in ("why", "fix") if error.get(label)]
    return [f"{text(error, 'what')} [{text(error, 'code')}]", *named, *_quoted(error.get("detail"))]


def text(record: Record, key: str) -> str:
    """A field on one clean line, '' when there is none."""
    return safe_line(str(record.get(key) or ""))


def commands(record: Record) -> list[str]:
    """The commands of a change."""
    found = record.get("commands")
    return [f"$ {line}" for each in found for line in _clean(each)] if isinstance(found, list) else []


def _connected(record: Record) -> Iterable[str]:
    return [f". connected: {text(record, 'system')}, kernel {text(record, 'kernel')}"]


def _phase_started(record: Record) -> Iterable[str]:
    return [f"== {text(record, 'phase')}"]


def _phase_ended(record: Record) -> Iterable[str]:
    changes = record.get("changes")
    return [f". {text(record, 'phase')} ended: {changes} changed, {length(record.get('seconds'))}"]


def _changing(record: Record) -> Iterable[str]:
    return [f"> {text(record, 'what')}", *commands(record)]


def _changed(record: Record) -> Iterable[str]:
    if record.get("is_dry"):
        head = f"~ would {text(record, 'what')}"
    else:
        head = f"+ {text(record, 'what')} ({length(record.get('seconds'))})"
    return [head, *commands(record), *_clean(record.get("diff"))]


def _working(record: Record) -> Iterable[str]:
    return [f"* {text(record, 'what')} ..."]


def _waiting(record: Record) -> Iterable[str]:
    return [f"* waiting for {text(record, 'what')}, at most {length(record.get('timeout'))}"]


def _output(record: Record) -> Iterable[str]:
    return [f"| {text(record, 'line')}"]


def _evidence(record: Record) -> Iterable[str]:
    return [f". what the host says of itself lies in {text(record, 'text') or 'no file'}"]


def _notice(record: Record) -> Iterable[str]:
    return [f"! {text(record, 'text')} [{text(record, 'code')}]"]


def _unknown(record: Record) -> Iterable[str]:
    return [f"? {text(record, 'phase')}: known only after {text(record, 'after')}"]


def _skipped(record: Record) -> Iterable[str]:
    return [f"- {text(record, 'phase')}: not started, {text(record, 'why')}"]


def _failed(record: Record) -> Iterable[str]:
    found = record.get("error")
    first, *rest = error_lines(found if isinstance(found, dict) else {})
    return [f"x {text(record, 'phase')}: {first}", *rest]


def _quoted(block: object) -> list[str]:
    return [f"| {line}" for line in _clean(block)]


def _clean(block: object) -> list[str]:
    return safe(str(block or "")).splitlines()


_TELL: dict[str, Callable[[Record], Iterable[str]]] = {
    "Connected": _connected,
    "PhaseStarted": _phase_started,
    "PhaseEnded": _phase_ended,
    "Changing": _changing,
    "Changed": _changed,
    "Working": _working,
    "Waiting": _waiting,
    "Output": _output,
    "Evidence": _evidence,
    "Notice": _notice,
    "Unknown": _unknown,
    "Skipped": _skipped,
    "Failed": _failed,
}
