"""A settings file that an operator writes, too: its text, and which part of it k8sboot wrote."""

from __future__ import annotations

from dataclasses import dataclass

from k8sboot.host.files import copy_path, part_path
from k8sboot.host.peer import Peer
from k8sboot.host.snapshot import FileState
from k8sboot.paths import ORIGINALS_DIR


@dataclass(frozen=True)
class SharedFile:
    """A file as it is now. text: None if there is none. written: what k8sboot wrote last, None if it never did.

    part: what k8sboot added to the operator's settings when it wrote that, None if there were none.
    """

    path: str
    state: FileState | None
    text: str | None
    written: str | None
    part: str | None

    @property
    def ours(self) -> str | None:
        """What k8sboot added to the file; all that it wrote where there was nothing else in it."""
        return self.written if self.part is None else self.part


def shared_file(host: Peer, path: str) -> SharedFile:
    """The file, and the records of k8sboot beside its original."""
    text, written, part = (host.read_file(each, errors="surrogateescape") for each in records(path))
    return SharedFile(path, host.file(path), text, written, part)


def original_of(host: Peer, path: str) -> str:
    """The text of the file before k8sboot, '' if there was none."""
    return host.read_file(f"{ORIGINALS_DIR}{path}", errors="surrogateescape") or ""


def records(path: str) -> tuple[str, str, str]:
    """The paths that shared_file reads; for a phase's declaration."""
    return path, copy_path(path), part_path(path)
