"""A real sshd for every integration test: one server a session, with users made for it."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sshd as servers
from ssh_keys import keygen

from k8sboot.secret import Secret
from k8sboot.ssh import connect
from k8sboot.ssh.connection import Connection
from k8sboot.ssh.target import Target

SUDO_PASSWORD = "correct horse"


@pytest.fixture(scope="session")
def lair() -> Iterator[Path]:
    """A folder that other users may enter; skips where no sshd can be started."""
    reason = servers.why_not()
    if reason:
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="k8sboot-sshd-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="session")
def login_key(lair: Path) -> Path:
    """The key every test user lets in."""
    return keygen(lair / "login_key")


@pytest.fixture(scope="session")
def sshd(lair: Path, login_key: Path) -> Iterator[servers.Server]:
    """The server most tests share. Root may log in with login_key."""
    server = servers.Server(lair / "server", kinds=("ed25519", "ecdsa", "rsa")).start()
    server.authorize("root", login_key)
    yield server
    server.stop()


@pytest.fixture
def another_sshd(lair: Path, login_key: Path, free_user: str) -> Iterator[Callable[..., servers.Server]]:
    """Starts further servers with settings of their own; root and free_user may log in with login_key."""
    started: list[servers.Server] = []

    def start(**settings: str) -> servers.Server:
        server = servers.Server(lair / f"server-{len(list(lair.iterdir()))}").start(settings)
        server.authorize("root", login_key)
        server.authorize(free_user, login_key)
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="session")
def free_user(sshd: servers.Server, login_key: Path) -> Iterator[str]:
    """A user whose sudo asks for no password."""
    with servers.user() as name:
        servers.sudoers(name, f"{name} ALL=(ALL) NOPASSWD: ALL")
        sshd.authorize(name, login_key)
        yield name


@pytest.fixture(scope="session")
def sudo_user(sshd: servers.Server, login_key: Path) -> Iterator[str]:
    """A user who logs in with login_key or SUDO_PASSWORD, and whose sudo asks for SUDO_PASSWORD."""
    with servers.user(password=SUDO_PASSWORD) as name:
        servers.sudoers(name, f"{name} ALL=(ALL) ALL")
        sshd.authorize(name, login_key)
        yield name


@pytest.fixture
def new_user(sshd: servers.Server, login_key: Path) -> Iterator[Callable[..., str]]:
    """Makes users for one test: a shell, a password, lines of sudoers with {user}."""
    with contextlib.ExitStack() as stack:

        def make(*, shell: str = "/bin/bash", password: str = "", sudoers: str = "") -> str:
            name = stack.enter_context(servers.user(shell=shell, password=password))
            if sudoers:
                servers.sudoers(name, *sudoers.format(user=name).split("\n"))
            sshd.authorize(name, login_key)
            return name

        yield make


@pytest.fixture
def target(sshd: servers.Server, login_key: Path, free_user: str, tmp_path: Path) -> Callable[..., Target]:
    """Targets on the shared server, or on server=: free_user with login_key, nothing of the tester's own."""

    def make(*, server: servers.Server = sshd, **changes: object) -> Target:
        settings: dict[str, object] = {
            "name": "n1",
            "address": "127.0.0.1",
            "port": server.port,
            "user": free_user,
            "identity_file": str(login_key),
            "known_hosts_file": str(tmp_path / "known_hosts"),
            "config_file": "none",
            **changes,
        }
        return Target(**settings)  # type: ignore[arg-type]

    return make


@pytest.fixture
def connected(target: Callable[..., Target]) -> Iterator[Callable[..., Connection]]:
    """Connects to targets made from the keywords; closes what it opened. notices= collects what it says."""
    opened: list[Connection] = []

    def make(*, notices: list[str] | None = None, **changes: object) -> Connection:
        said = notices if notices is not None else []
        opened.append(connect(target(**changes), log=said.append))
        return opened[-1]

    yield make
    for connection in opened:
        connection.close()


@pytest.fixture
def connection(connected: Callable[..., Connection]) -> Connection:
    """A connection to the shared server."""
    return connected()


@pytest.fixture
def sudo_password() -> Secret:
    """What sudo_user's sudo takes."""
    return Secret(SUDO_PASSWORD)


@pytest.fixture(autouse=True)
def quiet_agent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No agent and no keys of whoever runs the tests."""
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
