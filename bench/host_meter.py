"""What happens inside a host, seen from this machine: its processes have numbers of their own, given one by one."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SETTLE = 10.0
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Meter:
    """init: the process id of the host's first process. sshd: of the process that waits for all sessions."""

    init: int
    sshd: int

    def last_process(self) -> int:
        """The number of the host's newest process, which this look itself starts."""
        done = subprocess.run(
            ["nsenter", f"--target={self.init}", "--pid", "sh", "-c", "echo $$"],
            capture_output=True,
            text=True,
            check=True,
        )
        return int(done.stdout)

    def settle(self) -> None:
        """Wait until the host serves no connection: only then is all that it has spent counted."""
        until = time.monotonic() + SETTLE
        children = Path(f"/proc/{self.sshd}/task/{self.sshd}/children")
        while children.read_text().split() and time.monotonic() < until:
            time.sleep(0.05)

    def cpu(self) -> float:
        """Seconds of processor time of all sessions that have ended."""
        fields = Path(f"/proc/{self.sshd}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[13]) + int(fields[14])) / TICKS


def spent_by(meter: Meter, run: Callable[[], object], repeats: int) -> dict[str, float]:
    """Processor time and processes of each of some runs."""
    meter.settle()
    cpu, process = meter.cpu(), meter.last_process()
    for _ in range(repeats):
        run()
    meter.settle()
    return {
        "s of CPU": (meter.cpu() - cpu) / repeats,
        "processes": (meter.last_process() - process - 1) / repeats,
    }


def outside(init: int, pid: int) -> int:
    """The process id on this machine of a process of a host, by its first process and its number there."""
    space = Path(f"/proc/{init}/ns/pid").readlink()
    for each in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            numbers = re.findall(r"NSpid:\s+(.*)", (each / "status").read_text())
            if numbers and int(numbers[0].split()[-1]) == pid and (each / "ns/pid").readlink() == space:
                return int(each.name)
    raise LookupError(f"no process {pid} in the host of {init}")
