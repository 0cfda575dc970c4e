"""The lab and k8sboot as a test uses them: by their command lines, from outside."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
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

    @contextmanager
    def unwritten(self, hosts: Sequence[str] = HOSTS) -> Iterator[None]:
        """Fails the test when a file on the hosts' disks is written meanwhile, but by what writes all the time."""
        for host in hosts:
            self.ssh(host, "touch", MARK)
        yield
        found = {host: self.ssh(host, "sh", "-c", WRITTEN).split() for host in hosts}
        assert {host: files for host, files in found.items() if files} == {}

    def system(self, host: str) -> dict[str, str]:
        """A host's own state by name: files of /etc, what starts at boot, what runs of it, and settings."""
        lines = self.ssh(host, "sh", "-c", SYSTEM).splitlines()
        return {name: value for name, _, value in (line.partition("\t") for line in lines)}

    def owned(self, host: str, paths: Iterable[str]) -> set[str]:
        """Those of the paths that a package has brought."""
        return set(self.ssh(host, "sh", "-c", OWNED, "owned", *paths).splitlines())

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


MARK = "/run/written-since"
# Memory is no disk. Logging in, sudo, the clock's daemon, etcd and pods write by themselves, and rpm maps its
# database's index into memory for every question.
WRITTEN = rf"""
find / -xdev \( -path /proc -o -path /sys -o -path /run -o -path /var/log -o -path /var/lib/sudo \
  -o -path /var/lib/systemd -o -path /var/lib/chrony -o -path /var/lib/etcd -o -path /var/lib/calico \
  -o -path /var/lib/docker -o -path /var/lib/containerd -o -path /var/lib/kubelet \) -prune \
  -o -cnewer {MARK} ! -type d ! -name 'rpmdb.sqlite-*' ! -name .sudo_as_admin_successful -print
"""


@contextmanager
def brought_up(
    name: str,
    state: Path,
    *,
    family: str,
    kubernetes: str = "1.20",
    hosts: int = len(HOSTS),
    masters: int = 1,
    plugin: str = "",
) -> Iterator[Lab]:
    """A new lab of bare hosts and their mirrors, removed afterwards. Without root there is none: skips.

    plugin: of the pod network; its mirrors are built, with a current Kubernetes an hour if nothing is in the cache.
    """
    if os.geteuid() != 0 or not Path("/etc/debian_version").exists():
        pytest.skip("the lab needs root on Debian")
    made = Lab(name, state)
    made.control("down")
    counts = ("--hosts", str(hosts), "--masters", str(masters))
    network = ("--plugin", plugin) if plugin else ()
    words = ("--family", family, "--kubernetes", kubernetes, *counts, *network)
    made.control("up", *words, timeout=5400)  # half an hour to build a current Kubernetes, once
    try:
        yield made
    finally:
        made.control("down")


FINGERPRINT = r"""
find /etc /root/.kube /opt/cni /lib/systemd /usr/local -xdev -type f ! -path '*/apt/*lists*' ! -name '*-' \
  ! -name 'resolv.conf' -printf '%p %i %T@ %m %U\n' 2>/dev/null | sort
find /etc -xdev -type f -exec sha256sum {} + | sort -k 2
dpkg-query -W -f '${Package} ${Version} ${db:Status-Abbrev}\n' 2>/dev/null || rpm -qa | sort
for u in docker containerd kubelet chrony chronyd ssh sshd; do
  systemctl show -p Id,ActiveEnterTimestamp,UnitFileState $u 2>/dev/null | tr '\n' ' '; echo; done
swapon --show --noheadings; hostname; sysctl -n net.ipv4.ip_forward vm.swappiness 2>/dev/null
true
"""

SYSTEM = r"""
find /etc -xdev -type l -printf '%p\tlink to %l\n'
find /etc -xdev -type f -printf '%p\n' | while IFS= read -r f; do
  printf '%s\t%s %s\n' "$f" "$(stat -c '%a %U:%G' "$f")" "$(sha256sum < "$f")"; done
systemctl list-unit-files --no-legend --no-pager --state=enabled,disabled,masked | awk '{print "at boot " $1 "\t" $2}'
for u in $(systemctl list-unit-files --no-legend --no-pager --type=service --state=enabled | awk '{print $1}'); do
  printf 'runs %s\t%s\n' "$u" "$(systemctl is-active "$u")"; done
printf 'name\t%s\n' "$(uname -n)"
printf 'zone\t%s\n' "$(readlink -f /etc/localtime)"
printf 'swap\t%s\n' "$(swapon --show=NAME --noheadings | tr '\n' ' ')"
printf 'SELinux\t%s\n' "$(getenforce 2>/dev/null)"
printf 'held\t%s\n' "$(apt-mark showhold 2>/dev/null | tr '\n' ' ')"
for k in net.core.somaxconn net.ipv4.tcp_keepalive_time net.ipv4.tcp_max_syn_backlog; do
  printf '%s\t%s\n' "$k" "$(sysctl -n "$k")"; done
"""
OWNED = r"""
for f; do
  if command -v dpkg >/dev/null; then dpkg -S "$f"; else rpm -qf "$f"; fi >/dev/null 2>&1 && echo "$f"; done; true
"""
