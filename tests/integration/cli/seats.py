"""The command line as a test uses it: off a terminal, and on one."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
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
