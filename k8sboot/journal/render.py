"""Render records as text, for the logs of the hosts and for `k8sboot history`: sanitized, one thing a line."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from k8sboot.text.event_lines import Block, error_blocks, event_line
from k8sboot.text.sanitize import safe, safe_line

Record = Mapping[str, Any]
INDENT = "    "


def render(record: Record) -> list[str]:
    """A record's line with its time, its details indented below; [] for a record that has no line."""
    line = event_line(str(record.get("event")), record)
    if line is None:
        return []
    head = safe_line(f"{line.mark} {line.text}{line.tail}")
    return [f"{clock(record.get('time'))} {head}", *_indented(line.details)]


def render_error(error: Record) -> list[str]:
    """An error in full: what and its code, and indented below it the cause, the fix and the end of the output."""
    return [f"{field(error, 'what')} [{field(error, 'code')}]", *_indented(error_blocks(error))]


def clock(seconds: object) -> str:
    """A moment on this machine's clock. seconds: since the epoch."""
    if not isinstance(seconds, int | float):
        return "?"
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
    except (OverflowError, ValueError, OSError):
        return "?"


def field(record: Record, key: str) -> str:
    """A field on one clean line, '' when there is none."""
    return safe_line(str(record.get(key) or ""))


def _indented(blocks: Iterable[Block]) -> list[str]:
    return [f"{INDENT}{block.prefix}{line}" for block in blocks for line in safe(block.text).splitlines()]
