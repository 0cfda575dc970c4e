"""One machine to run the command line against, and terminals to run it on."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sshd as servers
from seats import Machine, OnTerminal, write_inventory

APART = (
    "unshare", "--mount", "sh", "-c",
    "for d in /var/lib/k8sboot /run/systemd /run/k8sboot; do mkdir -p $d && mount -t tmpfs none $d || exit 1; done;"
    ' exec "$@"', "sh",
)  # fmt: skip
"""The server's hosts keep their jobs and locks to themselves: a test must not wait for those of another."""


@pytest.fixture(scope="session")
def apart(lair: Path, login_key: Path) -> Iterator[servers.Server]:
    """A server whose jobs nobody else sees."""
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        pytest.skip("mount namespaces are not allowed here")
    server = servers.Server(lair / "apart", inside=APART).start()
    server.authorize("root", login_key)
    yield server
    server.stop()


@pytest.fixture
def machine(apart: servers.Server, login_key: Path, tmp_path: Path) -> Machine:
    """One machine, and a fresh folder for its naps."""
    environ = {
        **{k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "CI")},
        "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state"), "TERM": "xterm-256color",
        "NAP": str(tmp_path), "NAP_SECONDS": "0",
    }  # fmt: skip
    return Machine(tmp_path, write_inventory(tmp_path, login_key, port=apart.port), environ)


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
