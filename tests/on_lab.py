"""The lab and k8sboot as a test uses them: by their command lines, from outside."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HOSTS = ("k8s-master01", "k8s-node01", "k8s-node02")
MASTER = HOSTS[0]


@dataclass(frozen=True)
class Lab:
    """A running lab. state: where this test's k8sboot keeps its logs."""

    name: str
    state: Path

    @property
    def inventory(self) -> Path:
        """The inventory that the lab has written."""
        return ROOT / ".lab" / self.name / "inventory.yaml"

    def control(self, *words: str, timeout: float = 900) -> str:
        """tests/lab/lab WORDS; fails the test with its output."""
        command = [sys.executable, str(ROOT / "tests/lab/lab"), words[0], "--name", self.name, *words[1:]]
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
        assert done.returncode == 0, f"lab {' '.join(words)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def ssh(self, host: str, *words: str, check: bool = True, timeout: float = 300) -> str:
        """What a command prints as root on a host, past k8sboot and past sshd."""
        command = [
            sys.executable,
            str(ROOT / "tests/lab/lab"),
            "ssh",
            "--name",
            self.name,
            host,
            "--",
            *words,
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
        assert not check or done.returncode == 0, f"{host}: {words}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def kubectl(self, *words: str) -> str:
        """What kubectl prints on the master."""
        return self.ssh(MASTER, "kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf", *words)

    def k8sboot(self, *words: str) -> list[str]:
        """The command line of k8sboot on this lab."""
        return [str(Path(sys.executable).parent / "k8sboot"), *words, "-i", str(self.inventory)]

    @property
    def environment(self) -> dict[str, str]:
        """The environment k8sboot runs in: its logs apart from the user's."""
        return {**os.environ, "XDG_STATE_HOME": str(self.state), "NO_COLOR": "1"}

    def run(self, *words: str, expect: int = 0, timeout: float = 1800) -> subprocess.CompletedProcess[str]:
        """Run k8sboot to its end; fails the test with its output when it leaves with another code."""
        done = subprocess.run(
            self.k8sboot(*words),
            capture_output=True,
            text=True,
            timeout=timeout,
            env=self.environment,
            check=False,
        )
        assert done.returncode == expect, (
            f"k8sboot {' '.join(words)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        )
        return done

    def fingerprints(self, hosts: Iterable[str] = HOSTS) -> set[str]:
        """What must not move when nothing changes: files with inode, time and content, packages, units' starts."""
        return {
            f"{host} {line}"
            for host in hosts
            for line in self.ssh(host, "sh", "-c", FINGERPRINT).splitlines()
        }

    def ready_nodes(self) -> set[str]:
        """The nodes that kubectl calls Ready."""
        lines = self.kubectl("get", "nodes", "--no-headers").splitlines()
        return {line.split()[0] for line in lines if line.split()[1] == "Ready"}

    def wait_for_ready(self, names: Iterable[str], *, timeout: float = 240) -> None:
        """Until kubectl calls these nodes Ready."""
        deadline = time.monotonic() + timeout
        while not set(names) <= self.ready_nodes():
            assert time.monotonic() < deadline, self.kubectl("get", "nodes,pods", "-A", "-o", "wide")
            time.sleep(2)


@contextmanager
def brought_up(name: str, state: Path, *, family: str) -> Iterator[Lab]:
    """A new lab of three bare hosts and their mirrors, removed afterwards. Without root there is none: skips."""
    if os.geteuid() != 0 or not Path("/etc/debian_version").exists():
        pytest.skip("the lab needs root on Debian")
    made = Lab(name, state)
    made.control("down")
    made.control("up", "--family", family, timeout=1800)
    try:
        yield made
    finally:
        made.control("down")


FINGERPRINT = r"""
find /etc /root/.kube /opt/cni /lib/systemd /usr/local -xdev -type f ! -path '*/apt/*lists*' ! -name '*-' \
  ! -name 'resolv.conf' -printf '%p %i %T@ %m %U\n' 2>/dev/null | sort
find /etc -xdev -type f -exec sha256sum {} + | sort -k 2
dpkg-query -W -f '${Package} ${Version} ${db:Status-Abbrev}\n' 2>/dev/null || rpm -qa | sort
for u in docker kubelet chrony chronyd ssh sshd; do
  systemctl show -p Id,ActiveEnterTimestamp,UnitFileState $u 2>/dev/null; done
swapon --show --noheadings; hostname; sysctl -n net.ipv4.ip_forward vm.swappiness 2>/dev/null
true
"""
