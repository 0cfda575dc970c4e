"""The run's log for machines: one JSON object a line, secrets masked, in a folder only the user reads."""

from __future__ import annotations

import dataclasses
import json
import os
import secrets
import time
from pathlib import Path
from typing import Any, TextIO

from k8sboot.errors import K8sbootError
from k8sboot.events import Event
from k8sboot.redact import Redactor

KEEP = 20
"""Runs of a cluster whose logs are kept."""


class AuditLog:
    """A listener that writes every event to $XDG_STATE_HOME/k8sboot/CLUSTER/RUN/run.jsonl.

    A log that cannot be written is no reason to stop a run: it goes silent, and path says ''.
    """

    def __init__(self, cluster: str, redact: Redactor) -> None:
        self._redact = redact
        self._file: TextIO | None = None
        self.path = ""
        run = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"
        try:
            self._open(_state_dir() / cluster / run)
        except OSError:
            return

    def _open(self, folder: Path) -> None:
        folder.mkdir(parents=True, mode=0o700)
        path = folder / "run.jsonl"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._file = os.fdopen(handle, "w", encoding="utf-8")
        self.path = str(path)
        _forget_old(folder.parent)

    def __call__(self, event: Event) -> None:
        """Write one event."""
        if self._file is None:
            return
        record = {"time": round(time.time(), 3), "event": type(event).__name__, **_plain(event)}
        try:
            self._file.write(self._redact(json.dumps(record, ensure_ascii=False, default=str)) + "\n")
            self._file.flush()
        except OSError:
            self._file = None

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _plain(event: Event) -> dict[str, Any]:
    """An event's fields that say something, errors as mappings."""
    found = {f.name: getattr(event, f.name) for f in dataclasses.fields(event)}
    return {
        k: _error(v) if isinstance(v, K8sbootError) else v
        for k, v in found.items()
        if v not in ("", None, ())
    }


def _error(error: K8sbootError) -> dict[str, str]:
    return {
        "code": error.error_code,
        "what": error.what,
        "why": error.why,
        "fix": error.fix,
        "detail": error.detail,
    }


def _state_dir() -> Path:
    base = os.environ.get("XDG_STATE_HOME") or Path("~/.local/state").expanduser()
    return Path(base) / "k8sboot"


def _forget_old(folder: Path) -> None:
    runs = sorted(p for p in folder.iterdir() if (p / "run.jsonl").is_file())
    for run in runs[:-KEEP]:
        for file in run.iterdir():
            file.unlink(missing_ok=True)
        run.rmdir()
