"""The folders of the journals: one for each cluster, in it one for each run, for the user alone.

A run holds a lock on its journal until its process ends, however it ends: that is how others know that it is active.
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

JOURNAL = "run.jsonl"
LATEST = "latest"


def state_dir() -> Path:
    """Where k8sboot stores its journals. RuntimeError without a home directory."""
    base = os.environ.get("XDG_STATE_HOME") or Path("~/.local/state").expanduser()
    return Path(base) / "k8sboot"


def new_name() -> str:
    """A unique name for a run that sorts by time, to the millisecond."""
    seconds, nanoseconds = divmod(time.time_ns(), 10**9)
    moment = time.strftime("%Y%m%d-%H%M%S", time.localtime(seconds))
    return f"{moment}-{nanoseconds // 10**6:03}{secrets.token_hex(2)}"


def host_log(run: Path, host: str) -> Path:
    """The log of one host in the folder of a run."""
    return run / "hosts" / f"{host}.log"


def evidence(run: Path, host: str, phase: str) -> Path:
    """The evidence from a host on which a phase failed, in the folder of a run."""
    return run / "evidence" / f"{host}-{phase}.txt"


def make_private(folder: Path) -> None:
    """Create a folder and k8sboot's own parents of it, for the user alone."""
    base = state_dir()
    base.parent.mkdir(parents=True, exist_ok=True)
    own = [folder, *(p for p in folder.parents if p == base or base in p.parents)]
    for each in reversed(own):
        each.mkdir(mode=0o700, exist_ok=True)


def open_private(path: Path, *, is_new: bool = False) -> int:
    """A descriptor for appending to a file that only the user may read; OSError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
    return os.open(path, flags | (os.O_EXCL if is_new else 0), 0o600)


def write_all(handle: int, text: str) -> None:
    """Write all of a text; OSError."""
    data = text.encode("utf-8", "backslashreplace")
    while data:
        data = data[os.write(handle, data) :]


def append(path: Path, text: str) -> None:
    """Append to a file in the folder of a run, created where it is missing; OSError. Leaves no descriptor open."""
    try:
        handle = open_private(path)
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        handle = open_private(path)
    try:
        write_all(handle, text)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Sync a folder's list of files to disk; OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def lock(handle: int) -> None:
    """Lock an open journal, to show that its run is active."""
    with suppress(OSError):  # a file system without locks: every run counts as active there
        fcntl.flock(handle, fcntl.LOCK_EX)


def is_alive(run: Path) -> bool:
    """The run is active, or that cannot be determined."""
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


def runs_of(cluster: Path) -> list[Path]:
    """The folders of a cluster's runs, oldest first."""
    try:
        return sorted(p for p in cluster.iterdir() if not p.is_symlink() and (p / JOURNAL).is_file())
    except OSError:
        return []


def clusters() -> Iterator[Path]:
    """The folders of all clusters with a run on this machine."""
    with suppress(OSError, RuntimeError):
        yield from sorted(p for p in state_dir().iterdir() if p.is_dir())


def remove(run: Path) -> None:
    """Remove a run. The journal goes last, so that the next run finds the rest of an interrupted removal."""
    for each in (p for p in run.iterdir() if p.name != JOURNAL):
        with suppress(OSError):  # another run may be removing it, too
            shutil.rmtree(each) if each.is_dir() and not each.is_symlink() else each.unlink()
    with suppress(OSError):
        (run / JOURNAL).unlink()
        run.rmdir()
