"""Writes the journal of a run: one record per line for machines, one log per host for people, secrets masked."""

from __future__ import annotations

import getpass
import json
import os
import platform
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from k8sboot import __version__
from k8sboot.errors import Bug
from k8sboot.events import (
    Changed,
    Changing,
    Checked,
    Differs,
    Event,
    Evidence,
    Failed,
    Notice,
    RunEnded,
    RunStarted,
)
from k8sboot.journal import folders, retention
from k8sboot.journal.records import Record, record, record_of, traceback_of
from k8sboot.journal.render import render
from k8sboot.text.redact import Redactor

SYNCED = (RunStarted, Changing, Changed, Checked, Differs, Notice, Failed, RunEnded)
"""Events whose records are synced to disk before the run continues. The others are written at once, too, so that a
killed run has recorded them, but are synced with the next of these: a job may print a thousand lines a second."""
SYNCED_IF_DRY = (RunStarted, RunEnded)
"""A dry run changes nothing that a record would have to precede."""


class Journal:
    """A listener, for all threads, that writes to $XDG_STATE_HOME/k8sboot/CLUSTER/RUN.

    A journal that cannot be written does not stop the run. path: of run.jsonl, '' when it could not be created.
    trouble: why the journal is missing or incomplete, '' when it is complete.
    """

    def __init__(self, cluster: str, redact: Redactor, about: Mapping[str, object] | None = None) -> None:
        """about: further fields of the first record: words, inventory, sha256."""
        self._redact = redact
        self._file = -1
        self._lock = threading.Lock()
        self._disk = threading.Lock()
        self._written = 0
        self._synced = 0
        self._is_dry = False
        self._evidence: dict[str, str] = {}
        self.path = ""
        self.trouble = ""
        name = folders.new_name()
        self._folder = Path(name)
        try:
            self._folder = folders.state_dir() / cluster / name
            self._open()
        except (OSError, RuntimeError) as error:  # RuntimeError: no home directory
            self.trouble = str(error)
        self._put(record("Journal", {"run": name, "cluster": cluster, **_self(), **(about or {})}, redact))

    def _open(self) -> None:
        folders.make_private(self._folder)
        path = self._folder / folders.JOURNAL
        self._file = folders.open_private(path, is_new=True)
        self.path = str(path)
        folders.lock(self._file)
        with suppress(OSError):  # another run may be removing old ones, too
            folders.sync_folder(self._folder)
            folders.sync_folder(self._folder.parent)
            retention.remove_old(self._folder.parent)

    def __call__(self, event: Event) -> None:
        """Write one event. Evidence goes to a file of its own, and its path to the journal."""
        if isinstance(event, Evidence):
            event = replace(event, text=self._store(event))
        mine = self._put(record_of(event, self._redact))
        if isinstance(event, RunStarted):
            self._is_dry = event.is_dry
        if mine and isinstance(event, SYNCED_IF_DRY if self._is_dry else SYNCED):
            self._sync(mine)
        if isinstance(event, RunStarted) and self.path:
            with suppress(OSError):
                retention.point_latest_at(self._folder)

    def host_log(self, host: str) -> str:
        """The path of a host's log, '' when there is none."""
        path = folders.host_log(self._folder, host)
        return str(path) if self.path and path.is_file() else ""

    def evidence(self, host: str) -> str:
        """The path of the evidence that was collected on a host, '' when there is none."""
        return self._evidence.get(host, "")

    def _store(self, event: Evidence) -> str:
        """Write evidence to its file; its path, '' when that is impossible."""
        path = folders.evidence(self._folder, event.host, event.phase)
        if not self.path:
            return ""
        try:
            folders.append(path, self._redact(event.text))
        except OSError as error:
            self.trouble = self.trouble or str(error)
            return ""
        self._evidence[event.host] = str(path)
        return str(path)

    def _put(self, entry: Record) -> int:
        """Write a record, and its text to its host's log; its number, 0 when it could not be written."""
        line = json.dumps(entry, ensure_ascii=False) + "\n"
        with self._lock:
            if self._file < 0:
                return 0
            try:
                folders.write_all(self._file, line)
                self._append_to_host_log(entry)
            except OSError as error:
                self._give_up(error)
                return 0
            self._written += 1
            return self._written

    def _append_to_host_log(self, entry: Record) -> None:
        host = entry.get("host")
        was_announced = entry["event"] == "Changed" and not entry["is_dry"]  # Changing has its commands
        lines = render({**entry, "commands": []} if was_announced else entry) if host else []
        if lines:
            folders.append(folders.host_log(self._folder, str(host)), "".join(f"{x}\n" for x in lines))

    def _sync(self, mine: int) -> None:
        """Sync the record of this number to disk; one sync serves all threads that wait."""
        with self._disk:
            if self._synced >= mine:
                return
            written, handle = self._written, self._file
            try:
                os.fsync(handle)
            except OSError as error:
                if self._file == handle >= 0:
                    self._give_up(error)
            self._synced = written

    def _give_up(self, error: OSError) -> None:
        self.trouble = self.trouble or str(error)
        self.close()

    def close(self) -> None:
        """Close the file; idempotent."""
        handle, self._file = self._file, -1
        if handle >= 0:
            with suppress(OSError):
                os.close(handle)


def write_bug(error: Bug, redact: Redactor) -> str:
    """Write a bug that occurred outside of a run to a file of its own; its path, '' when that is impossible."""
    try:
        folder = folders.state_dir()
        folders.make_private(folder)
        path = folder / f"bug-{folders.new_name()}.log"
        folders.append(path, redact(traceback_of(error)))
    except (OSError, RuntimeError):
        return ""
    return str(path)


def _self() -> dict[str, object]:
    """Who runs this, and where."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a uid without a name
        user = str(os.getuid())
    return {"version": __version__, "user": user, "machine": platform.node(), "pid": os.getpid()}
