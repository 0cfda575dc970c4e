"""One run at a time of a cluster on this machine: a file lock that ends with its process, however that ends."""

from __future__ import annotations

import fcntl
import getpass
import hashlib
import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from k8sboot.host.lease import Claim, locked
from k8sboot.text.sanitize import safe_line


@contextmanager
def taken(path: Path | None, command: str) -> Iterator[Claim]:
    """The claim of a run that is the only one with this lock file for the length of the block. Raises Locked.

    path: None, or one that cannot be written or locked, gives a claim without a seat: two runs then meet on the
    hosts alone. command: what the run does, in a word.
    """
    run, told = secrets.token_hex(8), _told(command)
    handle = _opened(path)
    try:
        has_seat = handle >= 0 and _locks(handle)
        if has_seat:
            _note(handle, told)
        yield Claim(run, told, _origin(handle) if has_seat else "")
    finally:
        if handle >= 0:
            os.close(handle)


def _told(command: str) -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user without a name
        user = str(os.getuid())
    since = time.strftime("%Y-%m-%d %H:%M:%S %z")
    return safe_line(f"{command} by {user}@{socket.gethostname()}, pid {os.getpid()}, since {since}")


def _opened(path: Path | None) -> int:
    if path is None:
        return -1
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        return -1


def _locks(handle: int) -> bool:
    """Whether the file system has locks at all. Raises Locked where another process has this one."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        told = safe_line(os.pread(handle, 1000, 0).decode("utf-8", "replace"))
        raise locked(told, "", "it was started on this machine, and has not ended") from None
    except OSError:
        return False
    return True


def _note(handle: int, told: str) -> None:
    """For the next one to read; a full disk is no reason not to run."""
    with suppress(OSError):
        os.ftruncate(handle, 0)
        os.pwrite(handle, told.encode("utf-8", "replace"), 0)


def _origin(handle: int) -> str:
    """The same for the same file of the same boot of the same machine, and for no other."""
    place = os.fstat(handle)
    facts = [f"{place.st_dev} {place.st_ino}"]
    for path in ("/etc/machine-id", "/proc/sys/kernel/random/boot_id"):
        with suppress(OSError):
            facts.append(Path(path).read_text(encoding="utf-8").strip())
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:24]
