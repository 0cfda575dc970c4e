"""Files with the given content, mode and owner."""

from __future__ import annotations

from dataclasses import replace

from k8sboot.host.files import File
from k8sboot.host.host import Host
from k8sboot.host.originals import PriorState
from k8sboot.secret import Secret


def file(
    host: Host, path: str, content: str | Secret, *, mode: int = 0o644, restarts: tuple[str, ...] = ()
) -> None:
    """Write one file if it differs. restarts: units that must be restarted to read it; ensure.service does that."""
    files(host, File(path, content, mode=mode, restarts=restarts))


def files(host: Host, *wanted: File) -> None:
    """Write the files that differ, in one round trip.

    Only a running unit must be restarted to read them; any other reads them when it starts.
    """
    differing = [f for f in wanted if not f.is_met_by(host.file(f.path))]
    host.write([replace(f, restarts=_running(host, f.restarts), readers=f.restarts) for f in differing])


def _running(host: Host, units: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(unit for unit in units if host.unit(unit).active == "active")


def directory(host: Host, path: str, *, owner: str, mode: int) -> None:
    """Create a directory with this owner ('user:group'); an existing one keeps its mode."""
    found = host.ask(["stat", "-Lc", "%U:%G", "--", path])
    if found.text.strip() != owner:
        user, group = owner.split(":")
        host.change(
            f"create directory {path}", ["install", "-d", "-o", user, "-g", group, "-m", f"{mode:04o}", path]
        )


def absent(host: Host, *paths: str) -> None:
    """Remove files."""
    there = [path for path in paths if host.file(path) is not None]
    if there:
        before = [PriorState("file", path) for path in there]
        host.change(f"remove {' '.join(there)}", *before, ["rm", "-f", "--", *there])


def block(host: Host, path: str, text: str, *, name: str, mode: int = 0o644) -> None:
    """A marked block of lines in a file that is otherwise the operator's. text "" removes the block.

    mode: of a new file; an existing one keeps its mode.
    """
    state, now = host.file(path), host.read_file(path, errors="surrogateescape") or ""
    wanted = with_block(now, text, name=name)
    if wanted != now:
        mode, owner = (state.mode, state.owner) if state else (mode, "root:root")
        host.write([File(path, wanted, mode=mode, owner=owner)])


def with_block(now: str, text: str, *, name: str) -> str:
    """The text with the block in it once, where it was or at the end, and everything else unchanged.

    If the end of a block is missing, only its first line is known to be k8sboot's.
    """
    begin, end = f"# k8sboot {name} begin", f"# k8sboot {name} end"
    lines = now.removesuffix("\n").split("\n") if now else []
    foreign: list[str] = []
    place, index = None, 0
    while index < len(lines):
        if lines[index].strip() == begin:
            place = len(foreign) if place is None else place
            index = _behind_block(lines, index, begin, end)
        else:
            foreign.append(lines[index])
            index += 1
    if not text and place is None:
        return now
    place = len(foreign) if place is None else place
    ours = [begin, *text.splitlines(), end] if text else []
    return "".join(f"{line}\n" for line in [*foreign[:place], *ours, *foreign[place:]])


def _behind_block(lines: list[str], first: int, begin: str, end: str) -> int:
    for index in range(first + 1, len(lines)):
        if lines[index].strip() == end:
            return index + 1
        if lines[index].strip() == begin:
            break
    return first + 1
