"""What one command costs this machine: seconds, processor time, memory and threads."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LIMIT = 3600.0
LOOK = 0.05
"""Seconds between two looks at a command's threads and memory."""


@dataclass(frozen=True)
class Spent:
    """A command that has ended. memory: KiB at most. threads: at most."""

    code: int
    seconds: float
    cpu: float
    memory: int
    threads: int
    stdout: str
    stderr: str


class Failed(Exception):
    """A contender did not do its work."""


def spend(
    command: Sequence[str],
    *,
    folder: Path,
    environ: Mapping[str, str],
    expect: tuple[int, ...] = (0,),
    is_watched: bool = False,
) -> Spent:
    """Run a command to its end. is_watched: its threads and memory are looked at meanwhile."""
    with (folder / "stdout").open("w+b") as out, (folder / "stderr").open("w+b") as err:
        began = time.perf_counter()
        child = subprocess.Popen(
            list(command), stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=folder, env=dict(environ)
        )
        watch = _Watch(child.pid) if is_watched else None
        _, status, usage = _wait(child.pid, began, watch)
        seconds = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        for stream in (out, err):
            stream.seek(0)
        spent = Spent(
            code=child.returncode,
            seconds=seconds,
            cpu=usage.ru_utime + usage.ru_stime,
            memory=watch.memory if watch else 0,
            threads=watch.threads if watch else 0,
            stdout=out.read().decode(errors="replace"),
            stderr=err.read().decode(errors="replace"),
        )
    if spent.code not in expect:
        raise Failed(
            f"{' '.join(command)} exited with {spent.code}:\n{spent.stdout[-2000:]}\n{spent.stderr[-4000:]}"
        )
    return spent


def _wait(pid: int, began: float, watch: _Watch | None) -> tuple[int, int, os.struct_rusage]:  # type: ignore[name-defined]
    if watch is None:
        return os.wait4(pid, 0)
    while True:
        found, status, usage = os.wait4(pid, os.WNOHANG)
        if found:
            return found, status, usage
        watch.look()
        if time.perf_counter() - began > LIMIT:
            os.kill(pid, 9)
        time.sleep(LOOK)


class _Watch:
    """Looks at a process while it runs."""

    def __init__(self, pid: int) -> None:
        self._status = Path(f"/proc/{pid}/status")
        self.memory = self.threads = 0

    def look(self) -> None:
        with contextlib.suppress(OSError):
            text = self._status.read_text()
            self.memory = max(self.memory, *map(int, re.findall(r"VmHWM:\s+(\d+)", text)), 0)
            self.threads = max(self.threads, *map(int, re.findall(r"Threads:\s+(\d+)", text)), 0)
