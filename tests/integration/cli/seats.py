"""The command line as a test uses it: off a terminal, and on one."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

NAPPING = str(Path(__file__).with_name("napping.py"))


@dataclass
class Machine:
    """The inventory of one machine, and where its naps leave files."""

    folder: Path
    inventory: Path
    environ: dict[str, str]

    def command(self, *words: str) -> list[str]:
        """The command line."""
        return [sys.executable, NAPPING, "-i", str(self.inventory), *words]

    def run(self, *words: str, timeout: float = 120, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run it off a terminal."""
        return subprocess.run(
            self.command(*words), env={**self.environ, **environ}, timeout=timeout, check=False,
            capture_output=True, text=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def has(self, name: str) -> bool:
        """Whether a nap has left the file."""
        return (self.folder / name).exists()

    def log(self) -> str:
        """The log of the last run."""
        return (self.folder / "state/k8sboot/naps/latest/run.jsonl").read_text()


def write_inventory(folder: Path, key: Path, *, port: int) -> Path:
    """An inventory of one machine, reached by an alias: no inventory may name loopback itself."""
    (folder / "ssh_config").write_text(f"Host n1.test\n HostName 127.0.0.1\n Port {port}\n")
    path = folder / "inventory.yaml"
    path.write_text(
        "cluster: {name: naps, kubernetesVersion: v1.23.17, controlPlaneEndpoint: api.test}\n"
        f"ssh: {{user: root, identityFile: {key}, configFile: {folder}/ssh_config,"
        f" knownHostsFile: {folder}/known_hosts, connectTimeout: 20}}\n"
        "masters:\n  - {name: n1, address: n1.test}\n"
        "nodes: []\n"
    )
    return path


@dataclass
class OnTerminal:
    """A program on a terminal of its own."""

    process: subprocess.Popen[bytes]
    master: int
    slave: int
    before: list[object]
    output: bytearray = field(default_factory=bytearray)

    def __post_init__(self) -> None:
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            while data := os.read(self.master, 65536):
                self.output += data

    @property
    def text(self) -> str:
        """What was written so far, without escape sequences."""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.output.decode(errors="replace"))

    def until(self, done: Callable[[], bool], *, timeout: float = 60) -> None:
        """Wait for something; fails with the output."""
        deadline = time.monotonic() + timeout
        while not done():
            assert time.monotonic() < deadline, self.text
            time.sleep(0.02)

    def press(self, keys: bytes) -> None:
        """Type."""
        os.write(self.master, keys)

    def end(self, *, timeout: float = 60) -> int:
        """Wait until the program has ended; its exit code."""
        self.until(lambda: self.process.poll() is not None, timeout=timeout)
        time.sleep(0.1)
        return self.process.returncode

    def is_restored(self) -> bool:
        """Whether the cursor is shown and the terminal's modes are as they were."""
        shown, hidden = self.output.rfind(b"\x1b[?25h"), self.output.rfind(b"\x1b[?25l")
        return shown >= hidden and termios.tcgetattr(self.slave) == self.before
