"""One run per cluster on this machine: a file lock, which ends with its process however that ends."""

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
    """Hold the lock file for the length of the block, as the only run. Raises Locked.

    path: with None, or a file that cannot be written or locked, the claim has no origin: two runs then exclude
    each other on the hosts only. command: the run's command, e.g. up.
    """
    run, description = secrets.token_hex(8), _description(command)
    handle = _opened(path)
    try:
        is_locked = handle >= 0 and _locks(handle)
        if is_locked:
            _note(handle, description)
        yield Claim(run, description, _origin(handle) if is_locked else "")
    finally:
        if handle >= 0:
            os.close(handle)


def _description(command: str) -> str:
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
    """Lock the file; False on a file system without locks. Raises Locked where another process has it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = safe_line(os.pread(handle, 1000, 0).decode("utf-8", "replace"))
        raise locked(holder, "", "it was started on this machine and has not ended") from None
    except OSError:
        return False
    return True


def _note(handle: int, description: str) -> None:
    """Describe this run in the file for the next one. A full disk is no reason not to run."""
    with suppress(OSError):
        os.ftruncate(handle, 0)
        os.pwrite(handle, description.encode("utf-8", "replace"), 0)


def _origin(handle: int) -> str:
    """Identifies the file, the machine and its boot."""
    place = os.fstat(handle)
    facts = [f"{place.st_dev} {place.st_ino}"]
    for path in ("/etc/machine-id", "/proc/sys/kernel/random/boot_id"):
        with suppress(OSError):
            facts.append(Path(path).read_text(encoding="utf-8").strip())
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:24]
