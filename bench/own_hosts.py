"""Hosts that are an sshd and little more, in a network that only the bench sees: hundreds of them fit on one machine.

Each has its own address, processes, host key, host name, machine id, /etc and home. None has systemd, so that
phases beyond `hosts` cannot change them.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.places import BENCH, borrow_from_tests

borrow_from_tests()

from ssh_keys import keygen  # noqa: E402
from sshd import Server  # noqa: E402 - lives with the tests

APART = "BENCH_APART"
SSH = 22
USERS = ("root", "admin", "ops")
STARTING = 8
"""Hosts that start at the same time."""


def is_apart() -> bool:
    """Whether this process has a network and processes of its own."""
    return APART in os.environ


def apart(command: list[str]) -> int:
    """Run a command with a network and processes of its own; everything that it started ends with it."""
    words = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", *command]
    return subprocess.run(words, env={**os.environ, APART: "1"}, check=False).returncode


@dataclass(frozen=True)
class OwnHost:
    """One host. address: its own, and the cluster's."""

    name: str
    address: str
    server: Server

    @property
    def sshd(self) -> int:
        """The process id of its sshd, which is the first of the host's processes."""
        assert self.server.process is not None
        pid = self.server.process.pid
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])

    def sessions(self) -> int:
        """How many execs it has been sent."""
        return self.server.log.count("Starting session:")


@dataclass(frozen=True)
class OwnHosts:
    """Running hosts, and what reaches them. password: that `ops` gives to sudo."""

    folder: Path
    key: Path
    password: str
    hosts: tuple[OwnHost, ...]

    @property
    def known_hosts(self) -> Path:
        """With the keys of all hosts."""
        return self.folder / "known_hosts"

    def environ(self) -> dict[str, str]:
        """For k8sboot and its rivals: a home of their own, no agent, no color."""
        drop = (
            "SSH_AUTH_SOCK",
            "XDG_STATE_HOME",
            "FORCE_COLOR",
            "K8SBOOT_INVENTORY",
            "PYTHONDONTWRITEBYTECODE",
        )
        kept = {name: value for name, value in os.environ.items() if name not in drop}
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        return {**kept, "HOME": str(home), "XDG_STATE_HOME": str(home / "state"), "NO_COLOR": "1"}


@contextlib.contextmanager
def own_hosts(count: int, *, has_users: bool = False) -> Iterator[OwnHosts]:
    """So many hosts, running for the length of a block."""
    assert is_apart(), "own hosts need a network of their own"
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with tempfile.TemporaryDirectory(prefix="k8sboot-bench-", dir="/tmp") as made:
        folder = Path(made)
        folder.chmod(0o755)
        key, password = keygen(folder / "key"), secrets.token_hex(8)
        with ThreadPoolExecutor(STARTING) as pool:
            users = password if has_users else ""
            hosts = tuple(pool.map(lambda number: _started(folder, number, key, users), range(count)))
        lines = (f"{host.address} {host.server.host_key()}\n" for host in hosts)
        (folder / "known_hosts").write_text("".join(lines))
        try:
            yield OwnHosts(folder, key, password, hosts)
        finally:
            for host in hosts:
                host.server.stop()


def _started(folder: Path, number: int, key: Path, users: str) -> OwnHost:
    name, address = f"host-{number}", f"10.213.{number // 200}.{number % 200 + 1}"
    subprocess.run(["ip", "address", "add", f"{address}/32", "dev", "lo"], check=True)
    own = ["unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc"]
    own += ["env", f"BENCH_USERS={users}", "sh", str(BENCH / "own-host.sh"), str(folder / name), name]
    server = Server(folder / name, {"ListenAddress": address}, port=SSH, inside=tuple(own))
    for user in USERS:
        server.authorize(user, key)
    return OwnHost(name, address, server.start())
