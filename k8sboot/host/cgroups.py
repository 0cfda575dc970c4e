"""The version of control groups on a host."""

from __future__ import annotations

from k8sboot.host.peer import Peer
from k8sboot.host.reads import Question

CGROUPS = Question("cgroups", "stat -f -c %T /sys/fs/cgroup")
"""cgroup2fs, or tmpfs if the machine uses cgroup v1."""


def has_cgroup_v1(host: Peer) -> bool:
    """Whether the host uses cgroup v1; False where it does not tell."""
    return host.answer(CGROUPS).text.strip() not in ("", "cgroup2fs")
