"""The parser of a probe's output.

It is a sequence of answers: a line with the run's own word, what the answer is and its key; then its text, whatever is
in it, up to the next line with that word. No text can imitate another answer, as the word cannot be guessed.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

from k8sboot.host.probed_files import MAX_CONTENT, Files
from k8sboot.host.snapshot import Answer, FileState, Snapshot, UnitState

SHORT = 4096
"""Bytes. Shorter answers, most of which hosts share and every probe repeats, are parsed once."""
MAX_ANSWER = 2 * 1024 * 1024
"""Bytes of a fact or an answer. A longer one counts as missing."""
SYSCTLS = "/proc/sys/"

_Entry: TypeAlias = tuple[str, str, Any]
"""What an answer says: the snapshot's part, the key there, and its value."""


def parse(output: bytes) -> Snapshot:
    """Parse a probe's output. Unknown and invalid answers are ignored."""
    snapshot, files, asked = Snapshot(), Files(), ("", b"")
    for kind, key, body in _answers(output):
        if kind == "answer":
            asked = key, body
        elif kind == "status":
            _add(snapshot, _answer(*asked, key))
        elif kind in Files.KINDS:
            found = files.take(kind, body)
            snapshot.files.update(found)
            snapshot.sysctls.update(_sysctls(found))
        else:
            _add(snapshot, (_short if len(body) <= SHORT else _read)(kind, key, body))
    return snapshot


def _answers(output: bytes) -> Iterator[tuple[str, str, bytes]]:
    """(kind, key, text) of each answer."""
    word, _, rest = output.partition(b"\n")
    for answer in rest.removeprefix(word + b" ").split(b"\n" + word + b" ") if word else ():
        head, _, body = answer.partition(b"\n")
        kind, _, key = _text(head).partition(" ")
        yield kind, key, body


def _add(snapshot: Snapshot, entries: Iterable[_Entry]) -> None:
    parts = vars(snapshot)
    for part, key, value in entries:
        if part == "not_files":
            snapshot.not_files.add(key)
        else:
            parts[part][key] = value


def _read(kind: str, key: str, body: bytes) -> tuple[_Entry, ...]:
    return tuple(_READERS[kind](key, body)) if kind in _READERS else ()


_short = lru_cache(maxsize=1024)(_read)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _said(body: bytes) -> str:
    """What a command printed, as a shell's variable would hold it; nothing if it is too long."""
    return _text(body.replace(b"\0", b"")).rstrip("\n") if len(body) <= MAX_ANSWER else ""


def _lines(body: bytes) -> list[str]:
    return _text(body).split("\n")


def _fact(name: str, body: bytes) -> Iterator[_Entry]:
    yield "facts", name, _said(body)


def _answer(name: str, body: bytes, status: str) -> Iterator[_Entry]:
    if name and status.isascii() and status.isdigit() and len(status) < 4 and len(body) <= MAX_ANSWER:
        yield "answers", name, Answer(int(status), _said(body))


def _uname(_: str, body: bytes) -> Iterator[_Entry]:
    words = _said(body).rsplit(" ", 2)
    yield from (
        ("facts", name, word) for name, word in zip(("hostname", "kernel", "arch"), words, strict=False)
    )


def _hardware(_: str, body: bytes) -> Iterator[_Entry]:
    yield "facts", "cpus", str(sum(line.startswith("processor") for line in _lines(body)))
    if found := re.search(r"^MemTotal: *([0-9]+)", _text(body), re.MULTILINE):
        yield "facts", "memory_kib", found[1]


def _links(_: str, body: bytes) -> Iterator[_Entry]:
    yield "facts", "macs", "\n".join(sorted(set(re.findall(r"link/ether ([0-9a-f:]+)", _text(body)))))


def _disk(_: str, body: bytes) -> Iterator[_Entry]:
    words = "".join(_lines(body)[1:2]).split()
    yield "facts", "disk_free_kib", words[3] if len(words) > 3 else ""


def _files(_: str, body: bytes) -> Iterator[_Entry]:
    """Files that were read one by one, and what is none."""
    for line in _lines(body):
        kind, _, rest = line.partition(" ")
        if kind == "absent":
            yield "files", rest, None
        elif kind == "other":
            yield "not_files", rest, None
        elif kind == "closed":
            path, _, said = rest.rpartition(" .")
            yield "closed", path, _text(_decoded(said))
        elif kind == "file":
            yield from _others_file(rest)


def _others_file(rest: str) -> Iterator[_Entry]:
    """A file in another user's folder: all of it is that user's word."""
    head, _, content = rest.rpartition(" .")
    try:
        path, mode, owner, size, digest = head.rsplit(" ", 4)
        state = FileState(int(mode, 8), owner, int(size), digest, _content(content))
    except ValueError:
        return
    yield "files", path, state


def _content(text: str) -> bytes | None:
    data = None if text == "-" else _decoded(text)
    return None if data is None or len(data) > MAX_CONTENT else data


def _decoded(text: str) -> bytes:
    """The bytes of a base64 text; none if it is invalid."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""


def _modules(_: str, body: bytes) -> Iterator[_Entry]:
    for line in _lines(body):
        name, blank, state = line.partition(" ")
        if blank:
            yield "modules", name, state


def _sysctls(files: Mapping[str, FileState]) -> Iterator[tuple[str, tuple[str, bool]]]:
    """Those files that are parameters of the kernel: value, and whether they are read-only here."""
    for path, state in files.items():
        if path.startswith(SYSCTLS):
            value = _text(state.content or b"")
            yield (
                path.removeprefix(SYSCTLS).replace("/", "."),
                (" ".join(value.split()), not state.mode & 0o200),
            )


def _dpkg(_: str, body: bytes) -> Iterator[_Entry]:
    for line in _lines(body):
        words = line.split("|")
        if len(words) == 3 and words[0][1:2] == "i":
            yield "packages", words[1], (words[2], words[0][:1] == "h")


def _rpm(_: str, body: bytes) -> Iterator[_Entry]:
    for line in _lines(body):
        words = line.split("|")
        if len(words) == 2:
            yield "packages", words[0], (words[1], False)


def _units(_: str, body: bytes) -> Iterator[_Entry]:
    """systemctl's properties of a unit come after its name."""
    name, state = "", UnitState()
    for line in _lines(body):
        key, _, value = line.partition("=")
        if key == "Id":
            name, state = value, UnitState()
        else:
            state = state.with_property(key, value)
        if name:
            yield "units", name, state


_READERS: dict[str, Callable[[str, bytes], Iterator[_Entry]]] = {
    "fact": _fact,
    "uname": _uname,
    "hardware": _hardware,
    "links": _links,
    "disk": _disk,
    "files": _files,
    "modules": _modules,
    "dpkg": _dpkg,
    "rpm": _rpm,
    "units": _units,
}
