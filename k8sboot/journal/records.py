"""Events as records: mappings for JSON, without secrets."""

from __future__ import annotations

import dataclasses
import time
import traceback
from typing import Any

from k8sboot.errors import Bug, K8sbootError
from k8sboot.events import Event
from k8sboot.text.redact import Redactor
from k8sboot.text.sanitize import safe

Record = dict[str, Any]


def record_of(event: Event, redact: Redactor) -> Record:
    """An event's name, time, and those of its fields that are not empty."""
    found = {f.name: getattr(event, f.name) for f in dataclasses.fields(event)}
    filled = {k: v for k, v in found.items() if v not in ("", None, ())}
    return record(type(event).__name__, filled, redact)


def record(name: str, fields: Record, redact: Redactor) -> Record:
    """A record of that name with these fields.

    monotonic: seconds on a clock that no correction of the machine's time moves; only differences have a meaning.
    """
    masked = {key: _masked(value, redact) for key, value in fields.items()}
    moment = {"time": round(time.time(), 3), "monotonic": round(time.monotonic(), 3)}
    return {**moment, "event": name, **masked}


def traceback_of(error: Bug) -> str:
    """The traceback of a bug in k8sboot."""
    return "".join(traceback.format_exception(error.__cause__)) if error.__cause__ is not None else ""


def _masked(value: object, redact: Redactor) -> object:
    """The value without secrets, masked before JSON escapes what is in them."""
    if isinstance(value, K8sbootError):
        return _masked(_error(value), redact)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _masked(dataclasses.asdict(value), redact)
    if isinstance(value, dict):
        return {key: _masked(item, redact) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(item, redact) for item in value]
    return value if isinstance(value, bool | int | float) else _masked_text(str(value), redact)


def _masked_text(text: str, redact: Redactor) -> str:
    """Masked so that no secret reappears when a reader removes control characters."""
    masked = redact(text)
    cleaned = safe(masked)
    return masked if redact(cleaned) == cleaned else redact(cleaned)


def _error(error: K8sbootError) -> Record:
    trace = traceback_of(error) if isinstance(error, Bug) else ""
    return {**error.as_record(), "traceback": trace} if trace else error.as_record()
