"""What happens inside a host, seen from this machine: its processes have numbers of their own, given one by one."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Meter:
    """init: the process id of the host's first process, which inherits all that lose their parents."""

    init: int

    def last_process(self) -> int:
        """The number of the host's newest process, which this look itself starts."""
        done = subprocess.run(
            ["nsenter", f"--target={self.init}", "--pid", "sh", "-c", "echo $$"],
            capture_output=True,
            text=True,
            check=True,
        )
        return int(done.stdout)

    def cpu(self) -> float:
        """Seconds of processor time of all descendants that have ended."""
        fields = Path(f"/proc/{self.init}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[13]) + int(fields[14])) / TICKS
