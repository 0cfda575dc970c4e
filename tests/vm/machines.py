"""The lab of virtual machines and k8sboot as a test uses them: by their command lines, from outside."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
MASTER, NODE = "k8s-master01", "k8s-node01"
BOTH = (MASTER, NODE)
PROXY_MODE = "curl -s --max-time 20 127.0.0.1:10249/proxyMode"
NEWER = "6.12"
"""Debian's own kernel is older, that of its backports is not."""
SLOW = 3600.0
"""Seconds for what takes minutes on emulated processors."""


@dataclass(frozen=True)
class Machines:
    """A running lab. state: where this test's k8sboot keeps its logs."""

    name: str
    state: Path

    def control(self, *words: str, timeout: float = 900) -> str:
        """tests/lab/lab-vm WORDS; fails the test with its output."""
        done = self._lab(*words, timeout=timeout)
        assert done.returncode == 0, f"lab-vm {' '.join(words)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def ssh(self, host: str, script: str, *, check: bool = True) -> str:
        """What a shell script prints as root on a machine, past k8sboot."""
        done = self._lab("ssh", host, "--", "sh", "-c", script, timeout=600)
        assert not check or done.returncode == 0, f"{host}: {script}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def _lab(self, verb: str, *words: str, timeout: float) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(ROOT / "tests/lab/lab-vm"), verb, "--name", self.name, *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)

    @property
    def handout(self) -> Path:
        """Where the lab has put its inventory and the list of kernels."""
        return ROOT / ".lab" / self.name

    def inventory(self, *, mode: str = "ipvs", kernel: str = "newer", minimum: str = NEWER) -> Path:
        """The lab's inventory with a proxy mode and a kernel to upgrade to ('newer', 'broken', '' for none)."""
        text = re.sub(r"(?m)^  mode: \w+", f"  mode: {mode}", (self.handout / "inventory.yaml").read_text())
        if kernel:
            packages = json.dumps(json.loads((self.handout / "kernels.json").read_text())[kernel])
            text = text.replace(
                "os:\n", f"os:\n  kernel: {{minimum: '{minimum}', packages: {packages}}}\n", 1
            )
        path = self.state / f"inventory-{mode}-{kernel}.yaml"
        path.write_text(text)
        return path

    def run(self, inventory: Path, *words: str, expect: int = 0) -> str:
        """Run k8sboot to its end and return what it said; fails the test when it leaves with another code."""
        done = subprocess.run(
            [str(Path(sys.executable).parent / "k8sboot"), *words, "-i", str(inventory)],
            capture_output=True,
            text=True,
            timeout=SLOW,
            env={**os.environ, "XDG_STATE_HOME": str(self.state), "NO_COLOR": "1"},
            check=False,
        )
        said = done.stdout + done.stderr
        assert done.returncode == expect, f"k8sboot {' '.join(words)}: {done.returncode}\n{said}"
        return said

    def kubectl(self, words: str) -> str:
        """What kubectl prints on the master."""
        return self.ssh(MASTER, f"kubectl --kubeconfig /etc/kubernetes/admin.conf {words}")

    def ready(self) -> set[str]:
        """The nodes that kubectl calls Ready."""
        lines = [line.split() for line in self.kubectl("get nodes --no-headers").splitlines()]
        return {words[0] for words in lines if words[1] == "Ready"}

    def reboot(self, host: str) -> None:
        """Restart a machine from inside, and wait until it has another boot id."""
        boot_id = "cat /proc/sys/kernel/random/boot_id"
        before = self.ssh(host, boot_id)
        self.ssh(host, "systemctl reboot", check=False)
        deadline = time.monotonic() + 900
        while self.ssh(host, boot_id, check=False) in ("", before):
            assert time.monotonic() < deadline, f"{host} does not come back"
            time.sleep(3)
