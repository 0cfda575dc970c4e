"""Desired files of a host, and the one script that writes them atomically."""

from __future__ import annotations

import base64
import hashlib
import shlex
from dataclasses import dataclass
from typing import Literal

from k8sboot.events import FileChange
from k8sboot.host import restart_marks
from k8sboot.host.folders import FOR_WRITING
from k8sboot.host.snapshot import FileState, from_to
from k8sboot.paths import ORIGINALS_DIR, PRIOR_DIR
from k8sboot.scripts import call, render
from k8sboot.secret import Secret
from k8sboot.text.unified import unified


@dataclass(frozen=True)
class File:
    """A desired file. owner: 'user:group'. restarts: systemd units that must be restarted to read it.

    readers: all units that read it, whether they run or not. is_ours: k8sboot defines its content; False for an
    operator's file that is restored. part: of a file with an operator's settings too, what k8sboot adds to them.
    is_edited: these are more than its original has, so that `reset --restore-os` leaves the file and tells of it.

    summary: what is shown instead of the content, as of a binary file, whose bytes are in it as surrogates.

    A Secret as content is never shown in a diff, and its default mode is 0600.
    """

    path: str
    content: str | Secret
    mode: int = 0o644
    owner: str = "root:root"
    restarts: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()
    is_ours: bool = True
    part: str = ""
    is_edited: bool = False
    summary: str = ""

    @property
    def state(self) -> FileState:
        """The state of this file on a host that has it."""
        data = self.data
        return FileState(self.mode, self.owner, len(data), hashlib.sha256(data).hexdigest(), data)

    @property
    def data(self) -> bytes:
        """The desired bytes."""
        text = self.content.reveal() if isinstance(self.content, Secret) else self.content
        return text.encode("utf-8", "surrogateescape")

    def is_met_by(self, state: FileState | None) -> bool:
        """Whether the host's file has this content, mode and owner."""
        if state is None or (state.mode, state.owner) != (self.mode, self.owner):
            return False
        return state.sha256 == self.state.sha256

    def change_from(self, state: FileState | None) -> tuple[FileChange, ...]:
        """The digests before and after; none for a secret, which could be guessed from them."""
        if isinstance(self.content, Secret):
            return ()
        return (FileChange(path=self.path, before=state.sha256 if state else "", after=self.state.sha256),)

    def diff_from(self, state: FileState | None) -> str:
        """The change as a unified diff, or as text if the content must not or cannot be shown."""
        if isinstance(self.content, Secret):
            return f"{self.path}: (secret content)\n"
        if self.summary:
            before = f"{state.size} bytes" if state else ""
            return from_to(self.path, before, self.summary) + self._mode_diff(state)
        if state and state.content is None:
            return f"{self.path}: {state.size} bytes -> {len(self.data)} bytes\n"
        old = (state.content or b"").decode("utf-8", "replace") if state else ""
        new, before = self.data.decode("utf-8", "replace"), self.path if state else "/dev/null"
        return unified(old, new, (before, self.path)) + self._mode_diff(state)

    def _mode_diff(self, state: FileState | None) -> str:
        if state is None or (state.mode, state.owner) == (self.mode, self.owner):
            return ""
        return f"{self.path}: {state.owner} {state.mode:04o} -> {self.owner} {self.mode:04o}\n"


HEAD = render("write", ORIGINALS=ORIGINALS_DIR, PRIOR=PRIOR_DIR, **FOR_WRITING)


@dataclass(frozen=True)
class Write:
    """A /bin/sh script that writes all files in order, each of them completely or not at all.

    For each file it prints a line that begins with the SHA-256 of the file then on the host.
    """

    files: tuple[File, ...]

    def render(self) -> str:
        """The text for /bin/sh."""
        return HEAD + "".join(_put(file) for file in self.files)


def _put(file: File) -> str:
    # The marks are set before the file is seen, so that a run killed in between restarts.
    marks = "".join(call(*command) for command in restart_marks.mark(file.restarts))
    words = (file.path, f"{file.mode:04o}", file.owner, kind_of(file), " ".join(file.readers))
    return _part(file) + marks + _fed(call("put", *words), file.data)


def _part(file: File) -> str:
    """Record k8sboot's part before the file is written: else all of it would pass for k8sboot's."""
    if not file.part:
        return ""
    path = part_path(file.path)
    original = f'keep "$(readlink -f -- {shlex.quote(file.path)})"\n'  # which marks that all is saved here
    copy = _record(copy_path(file.path), file.data) if file.is_edited else ""
    folder = call("mkdir", "-p", path.rpartition("/")[0])
    return original + folder + _record(path, file.part.encode()) + copy


def _record(path: str, data: bytes) -> str:
    put = call("put", path, "0600", "root:root", "passing", "").rstrip()
    return _fed(f"{put} >/dev/null", data)


def _fed(command: str, data: bytes) -> str:
    return f"{command.rstrip()} <<'K8SBOOT-END'\n{base64.encodebytes(data).decode()}K8SBOOT-END\n"


def part_path(path: str) -> str:
    """Where k8sboot's part of a file is recorded."""
    return f"{ORIGINALS_DIR}{path}.k8sboot-part"


def ours_path(path: str) -> str:
    """Where the digests of all that k8sboot has written to a file are recorded, one a line."""
    return f"{ORIGINALS_DIR}{path}.k8sboot-ours"


def copy_path(path: str) -> str:
    """Where a copy of what k8sboot wrote last is kept, unless that is a secret."""
    return f"{ORIGINALS_DIR}{path}.k8sboot-copy"


def kind_of(file: File) -> Literal["shown", "secret", "passing"]:
    """Whether the file is k8sboot's, and whether a copy of it may be kept for comparison."""
    if not file.is_ours or file.is_edited or file.path.startswith("/run/"):
        return "passing"
    return "secret" if isinstance(file.content, Secret) else "shown"
