"""A program on a terminal of its own, as its user sees it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from child_signals import restore_signals


@dataclass
class OnTerminal:
    """A program on a terminal of its own. before: the terminal's modes."""

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
        """What it has shown, in one line and without escape sequences."""
        plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.output.decode(errors="replace"))
        return " ".join(plain.split())

    def until(self, done: Callable[[], object], *, timeout: float = 60) -> None:
        """Wait for something; fails with the output."""
        deadline = time.monotonic() + timeout
        while not done():
            assert time.monotonic() < deadline, self.text
            time.sleep(0.02)

    def shows(self, words: str) -> None:
        """Wait until it shows these words."""
        self.until(lambda: words in self.text, timeout=90)

    def press(self, keys: bytes) -> None:
        """Type."""
        os.write(self.master, keys)

    def hang_up(self) -> None:
        """Close the terminal's window."""
        os.close(self.slave)
        os.close(self.master)

    def end(self, *, timeout: float = 180) -> int:
        """Wait until it has ended; its exit code."""
        self.until(lambda: self.process.poll() is not None, timeout=timeout)
        time.sleep(0.1)
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


def on_a_terminal(
    command: Sequence[str],
    *,
    environ: Mapping[str, str],
    folder: Path,
    size: tuple[int, int],
    ignores: int = 0,
) -> OnTerminal:
    """Start a program on a new terminal of so many lines and columns. ignores: a signal that it must not heed, or 0."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    before = termios.tcgetattr(slave)

    def take_terminal() -> None:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        restore_signals()
        if ignores:
            signal.signal(ignores, signal.SIG_IGN)

    process = subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True, cwd=folder,
        preexec_fn=take_terminal, env={**environ, "TERM": "xterm-256color"},
    )  # fmt: skip
    return OnTerminal(process, master, slave, before)
