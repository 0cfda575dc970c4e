"""A real OpenSSH server on a free loopback port, with its own keys, configuration and test users."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ssh_keys import keygen

from k8sboot.ssh.connection import Connection

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/sbin:" + os.environ.get("PATH", ""))


def why_not() -> str:
    """Why no server can be started here, or ""."""
    if os.geteuid() != 0:
        return "a real sshd with test users needs root"
    if SSHD is None:
        return "sshd is not installed (apt-get install openssh-server)"
    if shutil.which("useradd", path="/usr/sbin:/sbin") is None:
        return "useradd is not installed"
    return ""


@dataclass
class Server:
    """One sshd. settings: lines of its configuration. inside: words before its command line.

    kinds: the types of its host keys; only the first is quick to make.
    """

    home: Path
    settings: dict[str, str] = field(default_factory=dict)
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    inside: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ("ed25519",)

    def __post_init__(self) -> None:
        self.home.mkdir(mode=0o755, parents=True, exist_ok=True)
        self.port = self.port or _free_port()
        for kind in self.kinds:
            if not (self.home / f"host_{kind}").exists():
                keygen(self.home / f"host_{kind}", kind=kind)

    @property
    def log(self) -> str:
        """What the server logged so far."""
        return (self.home / "log").read_text(errors="replace")

    def host_key(self, kind: str = "ed25519") -> str:
        """`TYPE BASE64` of a host key."""
        return " ".join((self.home / f"host_{kind}.pub").read_text().split()[:2])

    def start(self, settings: Mapping[str, str] | None = None) -> Server:
        """Start, and return when it answers."""
        self.settings.update(settings or {})
        config = self.home / "sshd_config"
        config.write_text(self._config())
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        log = (self.home / "log").open("ab")
        assert SSHD is not None
        self.process = subprocess.Popen(
            [*self.inside, SSHD, "-D", "-e", "-f", str(config)], stdin=subprocess.DEVNULL, stderr=log
        )
        log.close()
        deadline = time.monotonic() + 10
        while f"port {self.port}." not in self.log and time.monotonic() < deadline:
            assert self.process.poll() is None, self.log
            time.sleep(0.01)
        return self

    def _config(self) -> str:
        settings = {
            "Port": str(self.port),
            "ListenAddress": "127.0.0.1",
            "PidFile": "none",
            "AuthorizedKeysFile": f"{self.home}/authorized/%u",
            "StrictModes": "no",
            "PermitRootLogin": "prohibit-password",
            "PasswordAuthentication": "yes",
            "KbdInteractiveAuthentication": "no",
            "UsePAM": "no",
            "MaxStartups": "200",
            "LogLevel": "VERBOSE",
            **self.settings,
        }
        keys = [] if "HostKey" in settings else [f"HostKey {self.home}/host_{kind}" for kind in self.kinds]
        return "\n".join([*keys, *(f"{name} {value}" for name, value in settings.items())]) + "\n"

    def authorize(self, user: str, *keys: Path) -> None:
        """Let the keys, too, log in as user."""
        folder = self.home / "authorized"
        folder.mkdir(exist_ok=True)
        with (folder / user).open("a") as stream:
            stream.writelines(key.with_name(key.name + ".pub").read_text() for key in keys)

    def sessions(self) -> list[int]:
        """Process ids of the sshd children that serve connections, oldest first."""
        return _descendants(self.process.pid) if self.process else []

    def kill_sessions(self) -> None:
        """Kill what serves the connections: to a client the link breaks."""
        self._signal(signal.SIGKILL)

    def freeze_sessions(self) -> None:
        """Stop what serves the connections: to a client they fall silent, while TCP goes on acknowledging."""
        self._signal(signal.SIGSTOP)

    def _signal(self, number: int) -> None:
        for child in self.sessions():
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, number)

    def stop(self) -> None:
        """Stop the server and every session of it."""
        if self.process is None:
            return
        children = self.sessions()
        self.process.kill()
        self.process.wait()
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        self.process = None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _descendants(parent: int) -> list[int]:
    """Descendants that are sshd themselves."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            name, _, rest = (entry / "stat").read_text().rpartition(")")
            if int(rest.split()[1]) == parent and "(sshd" in name:
                found += [int(entry.name), *_descendants(int(entry.name))]
    return found


@contextlib.contextmanager
def user(*, shell: str = "/bin/bash", password: str = "") -> Iterator[str]:
    """A fresh user with a home, removed at the end."""
    name = f"kb{secrets.token_hex(4)}"
    subprocess.run(["/usr/sbin/useradd", "-m", "-s", shell, name], check=True, capture_output=True)
    try:
        chosen = password or secrets.token_hex(8)
        subprocess.run(["/usr/sbin/chpasswd"], input=f"{name}:{chosen}", text=True, check=True)
        yield name
    finally:
        subprocess.run(["/usr/bin/pkill", "-KILL", "-u", name], check=False)
        subprocess.run(["/usr/sbin/userdel", "-rf", name], check=False, capture_output=True)
        with contextlib.suppress(FileNotFoundError):
            Path(f"/etc/sudoers.d/{name}").unlink()


def sudoers(name: str, *lines: str) -> None:
    """What sudo lets the user do; gone with the user."""
    path = Path(f"/etc/sudoers.d/{name}")
    path.write_text("".join(f"{line}\n" for line in lines))
    path.chmod(0o440)


def works(connection: Connection) -> bool:
    """Whether a command comes through."""
    return connection.run("echo in", timeout=10).text == "in\n"
