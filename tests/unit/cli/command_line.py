"""The command line in this process, on fake hosts."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from fake_cluster import FakeCluster
from inventories import CALICO
from keys import FINGERPRINT

from k8sboot.cli import main as command_line
from k8sboot.errors import Unreachable
from k8sboot.inventory.hosts import HostSpec
from k8sboot.ssh.connection import Connection

INVENTORY = f"""\
cluster: {{kubernetesVersion: v1.23.17, controlPlaneEndpoint: "192.0.2.1:6443"}}
ssh:
  user: ops
  password: {{env: CANARY_1}}
  sudoPassword: {{env: CANARY_2}}
  passphrase: {{env: CANARY_3}}
masters: [{{name: m1, address: 192.0.2.1}}]
nodes: [{{name: n1, address: 192.0.2.2}}, {{name: n2, address: 192.0.2.3, ssh: {{password: {{env: CANARY_4}}}}}}]
os:
  timezone: Asia/Shanghai
  ntpServers: [ntp.aliyun.com]
  repositories:
    docker:
      url: "http://mirror.example.com/docker"
      key: "http://mirror.example.com/docker.asc"
      fingerprint: {FINGERPRINT}
    kubernetes:
      url: "http://mirror.example.com/kubernetes"
      key: "http://mirror.example.com/kubernetes.asc"
      fingerprint: {FINGERPRINT}
calico: {{manifest: {CALICO}}}
"""
CANARIES = ("canary-1 with space", "canary-2'\"\\quotes", "canary-3[red]<b>", "canary-4é$(x)")


@dataclass
class Said:
    """How the command line ended, and what it said."""

    code: int
    out: str
    err: str
    log: str

    @property
    def events(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.log.splitlines()]


class CommandLine:
    """Call it with words as in a shell. dead: hosts that do not answer. asked: hosts that were connected to."""

    def __init__(self, cluster: FakeCluster, state: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.cluster = cluster
        self.dead: set[str] = set()
        self.asked: list[str] = []
        self._state = state
        self._capsys = capsys

    def connect(self, host: HostSpec, _log: Callable[[str], None]) -> Connection:
        self.asked.append(host.name)
        if host.name in self.dead:
            raise Unreachable("nothing answers", why="connection refused", fix="switch it on", host=host.name)
        connection = self.cluster.hosts[host.name]
        connection.is_closed = False
        connection.clear()
        return connection

    def __call__(self, line: str, *more: str) -> Said:
        before = set(self._logs())
        self._capsys.readouterr()
        words = [*line.split(), *more]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.argv", ["k8sboot", *words])
            code = command_line.run()
        said = self._capsys.readouterr()
        for host in self.cluster.hosts.values():
            assert not host.unknown, host.unknown
        new = [path.read_text() for path in self._logs() if path not in before]
        return Said(code, said.out, said.err, "".join(new))

    def _logs(self) -> list[Path]:
        return sorted(path for path in self._state.rglob("run.jsonl") if "latest" not in path.parts)


def keep_plan(k8sboot: CommandLine, inventory: Path) -> Path:
    """Make a plan, and keep it in a file."""
    path = inventory.parent / "plan.json"
    said = k8sboot(f"plan --out {path}")
    assert said.code == 0, said.err
    k8sboot.asked.clear()
    return path


def untouched(k8sboot: CommandLine) -> bool:
    """Whether no host was altered since it was connected to."""
    return not any(host.mutations for host in k8sboot.cluster.hosts.values())
