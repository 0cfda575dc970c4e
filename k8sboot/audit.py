"""The run's log for machines: one JSON object a line, secrets masked, in a folder only the user reads."""

from __future__ import annotations

import dataclasses
import json
import os
import secrets
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

from k8sboot.errors import Bug, K8sbootError
from k8sboot.events import Event
from k8sboot.redact import Redactor

KEEP = 20
"""Runs of a cluster whose logs are kept."""


class AuditLog:
    """A listener that writes every event to $XDG_STATE_HOME/k8sboot/CLUSTER/RUN/run.jsonl.

    A log that cannot be written is no reason to stop a run: it goes silent. path: where it lies, '' when it
    could not be made. trouble: why it is missing or not complete, '' when all is well.
    """

    def __init__(self, cluster: str, redact: Redactor) -> None:
        self._redact = redact
        self._file = -1
        self.path = ""
        self.trouble = ""
        run = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"
        try:
            self._open(state_dir() / cluster / run)
        except (OSError, RuntimeError) as error:  # RuntimeError: there is no home
            self.trouble = str(error)

    def _open(self, folder: Path) -> None:
        _make_private(folder)
        path = folder / "run.jsonl"
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self.path = str(path)
        with suppress(OSError):  # another run may be tidying up, too
            _point_latest_at(folder)
            _forget_old(folder.parent)

    def __call__(self, event: Event) -> None:
        """Write one event."""
        if self._file < 0:
            return
        record = {"time": round(time.time(), 3), "event": type(event).__name__, **_plain(event)}
        line = json.dumps(_masked(record, self._redact), ensure_ascii=False) + "\n"
        try:
            _write(self._file, line.encode("utf-8", "backslashreplace"))
        except OSError as error:
            self.trouble = str(error)
            self.close()

    def close(self) -> None:
        """Close the file; idempotent."""
        handle, self._file = self._file, -1
        if handle >= 0:
            with suppress(OSError):
                os.close(handle)


def write_bug(error: Bug, redact: Redactor) -> str:
    """Write a mistake that happened outside of a run to a file of its own; its path, '' when that is impossible."""
    try:
        folder = state_dir()
        _make_private(folder)
        path = folder / f"bug-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}.log"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            _write(handle, redact(_error(error)["traceback"]).encode("utf-8", "backslashreplace"))
        finally:
            os.close(handle)
    except (OSError, RuntimeError):
        return ""
    return str(path)


def _write(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]


def _masked(value: object, redact: Redactor) -> object:
    """The value without secrets, masked before JSON escapes what is in them."""
    if isinstance(value, dict):
        return {key: _masked(item, redact) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(item, redact) for item in value]
    return value if isinstance(value, bool | int | float) else redact(str(value))


def _plain(event: Event) -> dict[str, Any]:
    """An event's fields that say something, errors as mappings."""
    found = {f.name: getattr(event, f.name) for f in dataclasses.fields(event)}
    return {
        k: _error(v) if isinstance(v, K8sbootError) else v
        for k, v in found.items()
        if v not in ("", None, ())
    }


def _error(error: K8sbootError) -> dict[str, str]:
    told = {
        "code": error.error_code,
        "what": error.what,
        "why": error.why,
        "fix": error.fix,
        "detail": error.detail,
    }
    if isinstance(error, Bug) and error.__cause__ is not None:
        told["traceback"] = "".join(traceback.format_exception(error.__cause__))
    return told


def _make_private(folder: Path) -> None:
    """Make a folder and those of ours above it, for the user alone."""
    base = state_dir()
    base.parent.mkdir(parents=True, exist_ok=True)
    ours = [folder, *(p for p in folder.parents if p == base or base in p.parents)]
    for each in reversed(ours):
        each.mkdir(mode=0o700, exist_ok=True)


def _point_latest_at(folder: Path) -> None:
    """Let the link `latest` beside the runs lead to this one."""
    made = folder.parent / f".{folder.name}"
    made.symlink_to(folder.name)
    made.replace(folder.parent / "latest")


def state_dir() -> Path:
    """Where k8sboot keeps its logs. RuntimeError where there is no home."""
    base = os.environ.get("XDG_STATE_HOME") or Path("~/.local/state").expanduser()
    return Path(base) / "k8sboot"


def _forget_old(folder: Path) -> None:
    runs = sorted(p for p in folder.iterdir() if not p.is_symlink() and (p / "run.jsonl").is_file())
    for run in runs[:-KEEP]:
        for file in run.iterdir():
            file.unlink(missing_ok=True)
        run.rmdir()
