"""One command at a time on one lab, one on one host; different ones side by side."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

RUN = Path("/run/k8sboot-lab")


@contextlib.contextmanager
def held(name: str, *, remove: bool = False) -> Iterator[None]:
    """Hold the lock `name`. With `remove` the lock's file goes too, so `down` leaves no trace."""
    path = RUN / f"{name}.lock"
    descriptor = _take(path)
    try:
        yield
    finally:
        if remove:
            path.unlink(missing_ok=True)
        os.close(descriptor)


def tidy() -> None:
    """Remove what locks leave when no lab is left: their directory, if nobody holds one."""
    for path in RUN.glob("*.lock"):
        with held(path.stem, remove=True):
            pass
    with contextlib.suppress(OSError):
        RUN.rmdir()


def _take(path: Path) -> int:
    """Lock the file that is at `path` now: its last holder may have removed the one we opened."""
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            continue
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_ino == os.fstat(descriptor).st_ino:
                return descriptor
        os.close(descriptor)
