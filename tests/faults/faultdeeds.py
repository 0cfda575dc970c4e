"""What the controller is put through: short patience, signals on a terminal, kill -9 at a record of its journal."""

from __future__ import annotations

import contextlib
import copy
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
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from faulthosts import until
from faultruns import K8SBOOT, Controller, Ran, Running

IMPATIENT = str(Path(__file__).with_name("impatient.py"))


def start_impatient(controller: Controller, *words: str, patience: int) -> Running:
    """Start k8sboot with every deadline cut down to so many seconds."""
    controller.inventory.write_text(yaml.safe_dump(copy.deepcopy(controller.spec), sort_keys=False))
    command = (sys.executable, IMPATIENT, *words, "-i", str(controller.inventory))
    return controller.start_command(*command, environ={"PATIENCE": str(patience)})


def run_impatient(
    controller: Controller, *words: str, patience: int, expect: int = 1, within: float = 300
) -> Ran:
    """Run it to its end."""
    return start_impatient(controller, *words, patience=patience).end(expect=expect, within=within)


@dataclass
class OnTerminal:
    """k8sboot on a terminal of its own. before: the terminal's modes."""

    process: subprocess.Popen[bytes]
    master: int
    slave: int
    before: list[Any]
    output: bytearray = field(default_factory=bytearray)

    def __post_init__(self) -> None:
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            while data := os.read(self.master, 65536):
                self.output += data

    @property
    def text(self) -> str:
        """What it shows, in one line and without escape sequences."""
        plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.output.decode(errors="replace"))
        return " ".join(plain.split())

    def shows(self, words: str) -> None:
        """Wait until it shows these words."""
        until(lambda: words in self.text, f"{words!r} on the terminal", within=90)

    def press(self, keys: bytes) -> None:
        """Type."""
        os.write(self.master, keys)

    def hang_up(self) -> None:
        """Close the terminal's window."""
        os.close(self.slave)
        os.close(self.master)

    def end(self) -> int:
        """Wait until it has ended; its exit code."""
        until(lambda: self.process.poll() is not None, "the end of k8sboot", within=180)
        return self.process.returncode

    def is_restored(self) -> bool:
        """Whether the cursor is shown and the terminal's modes are as they were."""
        shown, hidden = self.output.rfind(b"\x1b[?25h"), self.output.rfind(b"\x1b[?25l")
        return shown >= hidden and termios.tcgetattr(self.slave) == self.before

    def close(self) -> None:
        """End it, and forget the terminal."""
        self.process.kill()
        self.process.wait()
        for descriptor in (self.master, self.slave):
            with contextlib.suppress(OSError):
                os.close(descriptor)


@contextlib.contextmanager
def on_terminal(controller: Controller, *words: str) -> Iterator[OnTerminal]:
    """k8sboot on a terminal for the length of a block."""
    controller.inventory.write_text(yaml.safe_dump(copy.deepcopy(controller.spec), sort_keys=False))
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    environ = {k: v for k, v in controller.environ.items() if k not in ("NO_COLOR", "CI")}
    with contextlib.closing(
        OnTerminal(
            subprocess.Popen(
                [str(K8SBOOT), *words, "-i", str(controller.inventory)], stdin=slave, stdout=slave, stderr=slave,
                start_new_session=True, env={**environ, "TERM": "xterm-256color"}, cwd=controller.folder,
                preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            ), master, slave, termios.tcgetattr(slave),
        )
    ) as run:  # fmt: skip
        yield run


def records(run: Running) -> list[tuple[str, str, str]]:
    """The changes that the run's journal tells of: (started or done, host, what)."""
    kinds = {"Changing": "started", "Working": "started", "Changed": "done"}
    return [(kinds[e["event"]], e.get("host", ""), e["what"]) for e in run.events if e["event"] in kinds]


def killed_at_a_new_record(run: Running, seen: set[tuple[str, str, str]], *, within: float) -> bool:
    """Kill the run with -9 as soon as its journal has a record that is not among those seen; False: it ended."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        has_ended, found = run.has_ended(), records(run)
        new = [record for record in found if record not in seen]
        if new and not has_ended:
            os.kill(run.process.pid, signal.SIGKILL)
            until(run.has_ended, "the end of a killed k8sboot")
            seen.update(records(run))
            return True
        if has_ended:
            return False
        time.sleep(0.02)
    raise AssertionError(f"nothing new within {within:g} s\n{run.stderr}")
