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

from k8sboot.host.folders import STATE_AS_OWNER
from k8sboot.host.reads import Reads
from k8sboot.host.snapshot import PROPERTIES, Answer, FileState, Snapshot, UnitState
from k8sboot.kubernetes.interfaces import SOFTWARE
from k8sboot.paths import JOBS_DIR, LOCK, RESTART_DIR, WORK
from k8sboot.scripts import call, render

MAX_CONTENT = 64 * 1024
"""Bytes. The content of a larger file is not in a probe; its digest always is."""
SHORT = 4096
"""Characters. Shorter lines of files and answers, which hosts share and every probe repeats, are parsed once."""
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


def parse(text: str) -> Snapshot:
    """Parse a probe's output. Unknown and invalid lines are ignored."""
    snapshot = Snapshot()
    for line in text.split("\n"):
        verb, _, rest = line.partition(" ")
        try:
            _READERS.get(verb, _ignore)(snapshot, rest)
        except ValueError:  # hostile or truncated: as if it were missing
            continue
    return snapshot


def _ignore(_snapshot: Snapshot, _rest: str) -> None:
    """A verb that no reader knows."""


def _read_fact(snapshot: Snapshot, rest: str) -> None:
    name, _, value = rest.partition(" ")
    snapshot.facts[name] = _decoded(value, MAX_ANSWER).decode("utf-8", "replace")


def _read_file(snapshot: Snapshot, rest: str) -> None:
    path, state = _short_file(rest) if len(rest) <= SHORT else _file(rest)
    snapshot.files[path] = state


def _file(rest: str) -> tuple[str, FileState]:
    head, _, content = rest.rpartition(" .")
    path, mode, owner, size, digest = head.rsplit(" ", 4)
    data = None if content == "-" or _size(content) > MAX_CONTENT else _decoded(content, MAX_CONTENT)
    return path, FileState(mode=int(mode, 8), owner=owner, size=int(size), sha256=digest, content=data)


def _read_absent(snapshot: Snapshot, path: str) -> None:
    snapshot.files[path] = None


def _read_closed(snapshot: Snapshot, rest: str) -> None:
    path, _, said = rest.rpartition(" .")
    snapshot.closed[path] = _decoded(said, MAX_ANSWER).decode("utf-8", "replace")


def _read_module(snapshot: Snapshot, rest: str) -> None:
    name, _, state = rest.partition(" ")
    snapshot.modules[name] = state


def _read_sysctl(snapshot: Snapshot, rest: str) -> None:
    name, access, value = f"{rest} ".split(" ", 2)
    snapshot.sysctls[name] = (value.strip(), access == "ro")


def _read_package(snapshot: Snapshot, rest: str) -> None:
    name, version, hold = rest.split(" ")
    snapshot.packages[name] = (version, hold == "held")


def _read_unit(snapshot: Snapshot, rest: str) -> None:
    key, _, value = rest.partition("=")
    if key == "Id":
        snapshot.unit_cursor = value
        snapshot.units[value] = UnitState()
    elif snapshot.unit_cursor and key:
        snapshot.units[snapshot.unit_cursor] = snapshot.units[snapshot.unit_cursor].with_property(key, value)


def _read_answer(snapshot: Snapshot, rest: str) -> None:
    name, answer = _short_answer(rest) if len(rest) <= SHORT else _answer(rest)
    if answer:
        snapshot.answers[name] = answer


def _answer(rest: str) -> tuple[str, Answer | None]:
    """None: too long."""
    head, _, out = rest.rpartition(" .")
    name, status = head.rsplit(" ", 1)
    if _size(out) > MAX_ANSWER:
        return name, None
    return name, Answer(int(status), _decoded(out, MAX_ANSWER).decode("utf-8", "replace"))


def _size(text: str) -> int:
    """How many bytes a base64 text holds."""
    return len(text) * 3 // 4 - text[-2:].count("=")


def _decoded(text: str, most: int) -> bytes:
    """The bytes of a base64 text; none if it is invalid or holds more than most."""
    try:
        return base64.b64decode(text, validate=True) if _size(text) <= most else b""
    except ValueError:
        return b""


_short_file = functools.lru_cache(maxsize=512)(_file)
_short_answer = functools.lru_cache(maxsize=512)(_answer)

_READERS: dict[str, Callable[[Snapshot, str], None]] = {
    "fact": _read_fact,
    "file": _read_file,
    "absent": _read_absent,
    "closed": _read_closed,
    "other": lambda snapshot, path: snapshot.not_files.add(path),
    "module": _read_module,
    "sysctl": _read_sysctl,
    "package": _read_package,
    "unit": _read_unit,
    "answer": _read_answer,
}
