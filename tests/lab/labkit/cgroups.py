"""One tree of control groups (v1) a host.

Without it the kubelets of two hosts share one tree and clean up each other's pods. The tree is
also the record of what the lab started: a process cannot leave it without the lab's help, and
unlike a process id on disk a membership is never reused by someone else's process.
"""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

TOP = "k8sboot-lab"
_KINDS = ("cgroup", "cgroup2")
_MOUNTS = Path("/sys/fs/cgroup")


def hierarchies() -> list[Path]:
    """Where this machine mounts its control group hierarchies.

    Not those elsewhere: a systemd-nspawn that starts has one at /tmp/unifiedXXXXXX for a moment.
    """
    mounts = (line.split() for line in Path("/proc/mounts").read_text().splitlines())
    found = (Path(mount[1]) for mount in mounts if mount[2] in _KINDS)
    return [path for path in found if path.is_relative_to(_MOUNTS)]


def enter(cgroup: str, *, shares: int = 0) -> None:
    """Move the calling process into `cgroup` of every hierarchy, creating it; shares of the processors, if given."""
    for hierarchy in hierarchies():
        path = hierarchy
        for part in Path(cgroup).parts:
            path = path / part
            path.mkdir(exist_ok=True)
            _seed_cpuset(path)
        if shares and (path / "cpu.shares").exists():
            (path / "cpu.shares").write_text(str(shares))
        (path / "cgroup.procs").write_text(str(os.getpid()))


def join_inside(cgroup: str) -> None:
    """Move the calling process to where the processes inside a running machine are.

    In the hierarchies that systemd manages, systemd-nspawn puts them in a group `payload`.
    """
    for hierarchy in hierarchies():
        path = hierarchy / cgroup
        payload = path / "payload"
        joined = payload if payload.is_dir() else path
        (joined / "cgroup.procs").write_text(str(os.getpid()))


def _seed_cpuset(path: Path) -> None:
    """A new cpuset is empty and takes no process until it is given processors and memory.

    Hosts that start at the same time share the upper groups: one that has its processors may not have its memory yet.
    """
    for name in ("cpuset.cpus", "cpuset.mems"):
        if (path / name).exists() and not (path / name).read_text().strip():
            (path / name).write_text((path.parent / name).read_text())
            (path / "cgroup.clone_children").write_text("1")


def processes(cgroup: str) -> set[int]:
    """Every process in the tree below `cgroup`, in any hierarchy."""
    found: set[int] = set()
    for directory in _directories(cgroup):
        with contextlib.suppress(OSError):
            found.update(map(int, (directory / "cgroup.procs").read_text().split()))
    return found


def kill(cgroup: str, seconds: float = 15.0) -> bool:
    """Kill every process of the tree, as a power cut would; whether all are gone."""
    deadline = time.monotonic() + seconds
    while alive := processes(cgroup) - {0, os.getpid()}:
        for pid in alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def remove(cgroup: str) -> bool:
    """Remove the empty tree; a group stays busy for a moment after its last process."""
    for _ in range(100):
        left = [directory for directory in _directories(cgroup) if not _rmdir(directory)]
        if not left:
            return True
        time.sleep(0.02)
    return False


def _rmdir(directory: Path) -> bool:
    with contextlib.suppress(OSError):
        directory.rmdir()
    return not directory.exists()


def _directories(cgroup: str) -> Iterator[Path]:
    """The tree's directories, children before parents."""
    for hierarchy in hierarchies():
        for directory, _, _ in os.walk(hierarchy / cgroup, topdown=False):
            yield Path(directory)
