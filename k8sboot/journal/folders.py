"""Where the journals lie: in the state folder one folder a cluster, in it one a run, for the user alone.

A run holds a lock on its journal as long as it lives, however it ends: that is how others know.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

KEEP = 20
"""Runs of a cluster whose journals are kept."""
JOURNAL = "run.jsonl"
LATEST = "latest"


def state_dir() -> Path:
    """Where k8sboot keeps its journals. RuntimeError where there is no home."""
    base = os.environ.get("XDG_STATE_HOME") or Path("~/.local/state").expanduser()
    return Path(base) / "k8sboot"


def new_name() -> str:
    """A run's name: it sorts by time, to the millisecond, and no other run has it."""
    seconds, nanoseconds = divmod(time.time_ns(), 10**9)
    moment = time.strftime("%Y%m%d-%H%M%S", time.localtime(seconds))
    return f"{moment}-{nanoseconds // 10**6:03}{secrets.token_hex(2)}"


def host_log(run: Path, host: str) -> Path:
    """The log of one host in the folder of a run."""
    return run / "hosts" / f"{host}.log"


def evidence(run: Path, host: str, phase: str) -> Path:
    """What a host said of itself when a phase had failed, in the folder of a run."""
    return run / "evidence" / f"{host}-{phase}.txt"


def make_private(folder: Path) -> None:
    """Make a folder and those of ours above it, for the user alone."""
    base = state_dir()
    base.parent.mkdir(parents=True, exist_ok=True)
    ours = [folder, *(p for p in folder.parents if p == base or base in p.parents)]
    for each in reversed(ours):
        each.mkdir(mode=0o700, exist_ok=True)


def open_private(path: Path, *, is_new: bool = False) -> int:
    """A descriptor to append to a file that only the user may read; OSError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
    return os.open(path, flags | (os.O_EXCL if is_new else 0), 0o600)


def write_all(handle: int, text: str) -> None:
    """Write all of a text; OSError."""
    data = text.encode("utf-8", "backslashreplace")
    while data:
        data = data[os.write(handle, data) :]


def append(path: Path, text: str) -> None:
    """Append to a file in the folder of a run, made where it is missing; OSError. No descriptor is kept."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    handle = open_private(path)
    try:
        write_all(handle, text)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """What a folder lists is on the disk; OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def hold(handle: int) -> None:
    """Say of an open journal that its run lives."""
    with suppress(OSError):  # a file system without locks: nobody will take this run for a dead one
        fcntl.flock(handle, fcntl.LOCK_EX)


def is_alive(run: Path) -> bool:
    """The run is at work, or nobody can tell."""
    try:
        handle = os.open(run / JOURNAL, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def point_latest_at(folder: Path) -> None:
    """Let the link `latest` beside the runs lead to this one."""
    made = folder.parent / f".{folder.name}"
    made.symlink_to(folder.name)
    made.replace(folder.parent / LATEST)


def runs_of(cluster: Path) -> list[Path]:
    """The folders of a cluster's runs, oldest first."""
    try:
        return sorted(p for p in cluster.iterdir() if not p.is_symlink() and (p / JOURNAL).is_file())
    except OSError:
        return []


def clusters() -> Iterator[Path]:
    """The folders of all clusters that have been worked on from here."""
    with suppress(OSError, RuntimeError):
        yield from sorted(p for p in state_dir().iterdir() if p.is_dir())


def forget_old(cluster: Path) -> None:
    """Remove all but the newest runs of a cluster, and none that is at work."""
    for run in runs_of(cluster)[:-KEEP]:
        if not is_alive(run):
            with suppress(OSError):  # another run, which tidies up, too, was quicker: on to the next
                _forget(run)


def _forget(run: Path) -> None:
    """The journal goes last: what is left of a removal that was cut is found by the next one."""
    for each in (p for p in run.iterdir() if p.name != JOURNAL):
        with suppress(OSError):  # another run may be tidying up, too
            shutil.rmtree(each) if each.is_dir() and not each.is_symlink() else each.unlink()
    with suppress(OSError):
        (run / JOURNAL).unlink()
        run.rmdir()
