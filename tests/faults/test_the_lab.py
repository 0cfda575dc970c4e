"""What the other tests rely on."""

from __future__ import annotations

from faulthosts import FaultyHost
from on_lab import HOSTS

MASTER, NODE = HOSTS[:2]


def test_a_sysctl_of_a_host_is_its_own(hosts: dict[str, FaultyHost]) -> None:
    hosts[MASTER].sh("sysctl -w vm.swappiness=17 fs.file-max=1234567")
    assert hosts[MASTER].sh("sysctl -n vm.swappiness fs.file-max").split() == ["17", "1234567"]
    assert {"17", "1234567"}.isdisjoint(hosts[NODE].sh("sysctl -n vm.swappiness fs.file-max").split())
