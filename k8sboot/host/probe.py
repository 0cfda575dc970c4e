"""One read-only script that reads everything on a host at once, and the parser of its output.

`Probe` renders what the phases declared to read as a /bin/sh script that writes nothing; `parse` turns its output into
a `Snapshot`. Values with free content from files or commands travel in base64, so that no content can imitate
another line.
"""

from __future__ import annotations

import base64
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from k8sboot.host.folders import STATE_AS_OWNER
from k8sboot.host.reads import Reads
from k8sboot.host.snapshot import PROPERTIES, Answer, FileState, Snapshot, UnitState
from k8sboot.kubernetes.interfaces import SOFTWARE
from k8sboot.paths import JOBS_DIR, LOCK, RESTART_DIR, WORK
from k8sboot.scripts import call, render

MAX_CONTENT = 64 * 1024
"""Bytes. The content of a larger file is not in a probe; its digest always is."""
SHORT = 4096
"""Characters. Shorter lines, most of which hosts share and every probe repeats, are parsed once."""
MAX_ANSWER = 2 * 1024 * 1024
"""Bytes of a fact or an answer. A longer one counts as missing."""

ALWAYS = ("/etc/os-release", "/proc/swaps", "/etc/machine-id", "/proc/sys/kernel/random/boot_id")

HEAD = render(
    "probe", MAX=MAX_CONTENT, SHOWN=",".join(("Id", *PROPERTIES)), JOBS=JOBS_DIR, RESTARTS=RESTART_DIR, WORK=WORK,
    LOCK=LOCK, SOFTWARE=SOFTWARE, AS_OWNER=STATE_AS_OWNER,
)  # fmt: skip
KERNEL = render("probe-kernel")
"""What reads of modules and sysctls need; sent with them alone."""


@dataclass(frozen=True)
class Probe:
    """The probe for these reads. It exits with status 0; every line of its output is one answer."""

    reads: Reads

    def render(self) -> str:
        """The text for /bin/sh."""
        return _text(self.reads)


@functools.cache
def _text(reads: Reads) -> str:
    return HEAD + "".join(_calls(reads)) + "true\n"


def _calls(reads: Reads) -> Iterator[str]:
    yield from (call("file", path) for path in (*ALWAYS, *reads.files))
    if reads.modules or reads.sysctls:
        yield KERNEL
    yield from (call("module", name) for name in reads.modules)
    yield from (call("sysctl_", key) for key in reads.sysctls)
    if reads.packages:
        yield call("packages", *reads.packages)
    if reads.units:
        yield call("units", *reads.units)
    yield from (call("question", q.name, q.script) for q in reads.questions)


_Entry: TypeAlias = tuple[str, str, Any]
"""What a line says: the snapshot's part, the key there, and its value."""
_NOTHING: _Entry = ("", "", None)
_PARTS = frozenset(("facts", "files", "closed", "modules", "sysctls", "packages", "answers"))


def parse(text: str) -> Snapshot:
    """Parse a probe's output. Unknown and invalid lines are ignored."""
    snapshot = Snapshot()
    parts = vars(snapshot)
    for line in text.split("\n"):
        part, key, value = _short_line(line) if len(line) <= SHORT else _line(line)
        if part in _PARTS:
            parts[part][key] = value
        elif part == "units":
            _add_property(snapshot, key, value)
        elif part:
            snapshot.not_files.add(key)
    return snapshot


def _add_property(snapshot: Snapshot, key: str, value: str) -> None:
    """systemctl's properties of a unit come after its name."""
    if key == "Id":
        snapshot.unit_cursor = value
        snapshot.units[value] = UnitState()
    elif snapshot.unit_cursor and key:
        snapshot.units[snapshot.unit_cursor] = snapshot.units[snapshot.unit_cursor].with_property(key, value)


def _line(line: str) -> _Entry:
    verb, _, rest = line.partition(" ")
    try:
        return _READERS[verb](rest) if verb in _READERS else _NOTHING
    except ValueError:  # hostile or truncated: as if it were missing
        return _NOTHING


_short_line = functools.lru_cache(maxsize=1024)(_line)


def _fact(rest: str) -> _Entry:
    name, _, value = rest.partition(" ")
    return "facts", name, _decoded(value, MAX_ANSWER).decode("utf-8", "replace")


def _file(rest: str) -> _Entry:
    head, _, content = rest.rpartition(" .")
    path, mode, owner, size, digest = head.rsplit(" ", 4)
    data = None if content == "-" or _size(content) > MAX_CONTENT else _decoded(content, MAX_CONTENT)
    return (
        "files",
        path,
        FileState(mode=int(mode, 8), owner=owner, size=int(size), sha256=digest, content=data),
    )


def _closed(rest: str) -> _Entry:
    path, _, said = rest.rpartition(" .")
    return "closed", path, _decoded(said, MAX_ANSWER).decode("utf-8", "replace")


def _module(rest: str) -> _Entry:
    name, _, state = rest.partition(" ")
    return "modules", name, state


def _sysctl(rest: str) -> _Entry:
    name, access, value = f"{rest} ".split(" ", 2)
    return "sysctls", name, (value.strip(), access == "ro")


def _package(rest: str) -> _Entry:
    name, version, hold = rest.split(" ")
    return "packages", name, (version, hold == "held")


def _unit(rest: str) -> _Entry:
    key, _, value = rest.partition("=")
    return "units", key, value


def _answer(rest: str) -> _Entry:
    head, _, out = rest.rpartition(" .")
    name, status = head.rsplit(" ", 1)
    if _size(out) > MAX_ANSWER:
        return _NOTHING
    return "answers", name, Answer(int(status), _decoded(out, MAX_ANSWER).decode("utf-8", "replace"))


def _size(text: str) -> int:
    """How many bytes a base64 text holds."""
    return len(text) * 3 // 4 - text[-2:].count("=")


def _decoded(text: str, most: int) -> bytes:
    """The bytes of a base64 text; none if it is invalid or holds more than most."""
    try:
        return base64.b64decode(text, validate=True) if _size(text) <= most else b""
    except ValueError:
        return b""


_READERS: dict[str, Callable[[str], _Entry]] = {
    "fact": _fact,
    "file": _file,
    "absent": lambda path: ("files", path, None),
    "closed": _closed,
    "other": lambda path: ("not_files", path, None),
    "module": _module,
    "sysctl": _sysctl,
    "package": _package,
    "unit": _unit,
    "answer": _answer,
}
