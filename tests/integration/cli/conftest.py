"""One machine to run the command line against, and terminals to run it on."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sshd as servers

NAPPING = str(Path(__file__).with_name("napping.py"))
APART = (
    "unshare", "--mount", "sh", "-c",
    "mount -t tmpfs none /var/lib/k8sboot && mkdir -p /run/systemd && mount -t tmpfs none /run/systemd"
    ' && exec "$@"', "sh",
)  # fmt: skip
"""The server's hosts keep their jobs to themselves: a test must not wait for those of another."""


@pytest.fixture(scope="session")
def apart(lair: Path, login_key: Path) -> Iterator[servers.Server]:
    """A server whose jobs nobody else sees."""
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        pytest.skip("mount namespaces are not allowed here")
    Path("/var/lib/k8sboot").mkdir(parents=True, exist_ok=True)
    server = servers.Server(lair / "apart", inside=APART).start()
    server.authorize("root", login_key)
    yield server
    server.stop()


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


@pytest.fixture
def machine(apart: servers.Server, login_key: Path, tmp_path: Path) -> Machine:
    """One machine, and a fresh folder for its naps."""
    environ = {
        **{k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "CI")},
        "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state"), "TERM": "xterm-256color",
        "NAP": str(tmp_path), "NAP_SECONDS": "0",
    }  # fmt: skip
    return Machine(tmp_path, write_inventory(tmp_path, login_key, port=apart.port), environ)


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


@pytest.fixture
def on_terminal(machine: Machine) -> Iterator[Callable[..., OnTerminal]]:
    """Starts the command line on a terminal; ends what is left of it."""
    started: list[OnTerminal] = []

    def start(*words: str, ignores: int = 0, **environ: str) -> OnTerminal:
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))

        def take_terminal() -> None:
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            if ignores:
                signal.signal(ignores, signal.SIG_IGN)

        before = termios.tcgetattr(slave)
        process = subprocess.Popen(
            machine.command(*words), stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            preexec_fn=take_terminal, env={**machine.environ, **environ},
        )  # fmt: skip
        started.append(OnTerminal(process, master, slave, before))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.wait()
        for descriptor in (each.master, each.slave):
            with contextlib.suppress(OSError):
                os.close(descriptor)
