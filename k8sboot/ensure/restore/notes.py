"""The prior states saved on a host, and the present ones: one question, and its answer as values."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from k8sboot.host.folders import AS_OWNER
from k8sboot.host.peer import Peer
from k8sboot.host.reads import Question
from k8sboot.paths import ORIGINALS_DIR, PRIOR_DIR, STATE_DIR
from k8sboot.scripts import render

NOTED = Question("former-state", render("noted", STATE=STATE_DIR, AS_OWNER=AS_OWNER))


@dataclass(frozen=True)
class State:
    """A saved state. was, now: the state then and now, as the tool for its kind prints it.

    ours: everything that k8sboot has set it to.
    """

    kind: str
    name: str
    was: str
    ours: tuple[str, ...]
    now: str

    @property
    def notes(self) -> tuple[str, ...]:
        """The path of the saved state."""
        path = f"{PRIOR_DIR}/{self.kind}/{self.name.replace('/', '%')}"
        return path, f"{path}.ours"


@dataclass(frozen=True)
class KeptOriginal:
    """A file whose original was saved. was, now: a SHA-256, 'absent' or, now, 'other' for what is not a file.

    is_whole: the saved original is unchanged. ours: digests of what k8sboot has written there. readers: units that read
    it. made: the topmost directory that was created for it and still exists, or ''. user: root, or the owner of the
    folder that it lies in, '?' where others than root may write: see host/folders.py.
    """

    path: str
    was: str
    is_whole: bool
    now: str
    ours: tuple[str, ...]
    readers: tuple[str, ...]
    made: str
    user: str = "root"

    @property
    def original(self) -> str:
        """The path of the original."""
        return f"{ORIGINALS_DIR}{self.path}"

    @property
    def copy(self) -> str:
        """The path of a copy of what k8sboot wrote last, unless that is a secret."""
        return f"{self.original}.k8sboot-copy"

    @property
    def notes(self) -> tuple[str, ...]:
        """The paths of the original and its records."""
        return self.original, *(f"{self.original}.k8sboot-{kind}" for kind in _BESIDE)


_BESIDE = ("absent", "sha256", "ours", "copy", "part", "readers")


@dataclass(frozen=True)
class Notes:
    """Everything saved on a host. is_complete: False if an older k8sboot changed it without saving all states."""

    states: tuple[State, ...]
    files: tuple[KeptOriginal, ...]
    is_complete: bool

    @property
    def is_empty(self) -> bool:
        """Whether nothing is saved."""
        return not self.states and not self.files


def read_notes(host: Peer) -> Notes:
    """What is saved on a host, and the present state."""
    return parse(host.answer(NOTED).text)


def notes_now(host: Peer) -> Notes:
    """The same, read again."""
    return parse(host.read(["sh", "-c", NOTED.script, NOTED.name], timeout=300))


def parse(text: str) -> Notes:
    """Parse NOTED's answer; invalid lines are ignored."""
    words = [line.split(" ") for line in text.splitlines()]
    return Notes(
        states=tuple(_state(w) for w in words if w[0] == "state" and len(w) == 6),
        files=tuple(_kept(w) for w in words if w[0] == "file" and len(w) == 9),
        is_complete=["complete"] in words,
    )


def _state(words: list[str]) -> State:
    _, kind, name, was, ours, now = words
    return State(kind, name, _text(was), tuple(_text(ours).splitlines()), _text(now))


def _kept(words: list[str]) -> KeptOriginal:
    _, path, was, whole, now, ours, readers, made, user = words
    return KeptOriginal(
        path=_text(path),
        was=was,
        is_whole=whole == "yes",
        now=now,
        ours=tuple(_text(ours).split()),
        readers=tuple(_text(readers).split()),
        made=_text(made),
        user=_text(user),
    )


def _text(field: str) -> str:
    try:
        return (
            base64.b64decode(field.removeprefix("."), validate=True)
            .decode("utf-8", "surrogateescape")
            .strip()
        )
    except ValueError:
        return ""
