"""One machine to run the command line against, and terminals to run it on."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sshd as servers
from seats import Machine, write_inventory
from terminals import OnTerminal, on_a_terminal

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
        environ = {**machine.environ, **environ}
        run = on_a_terminal(
            machine.command(*words), environ=environ, folder=machine.folder, size=(30, 100), ignores=ignores
        )
        started.append(run)
        return run

    yield start
    for run in started:
        run.close()
