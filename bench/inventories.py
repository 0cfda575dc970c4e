"""Inventories of k8sboot for own hosts, and of the lab with its hosts behind relays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bench.own_hosts import OwnHost, OwnHosts


@dataclass(frozen=True)
class Login:
    """How a host is reached."""

    user: str = "root"
    port: int = 22
    sudo_password: str = ""

    @property
    def settings(self) -> dict[str, Any]:
        """As the inventory's section `ssh` has them."""
        found: dict[str, Any] = {"user": self.user, "port": self.port}
        if self.sudo_password:
            found["sudoPassword"] = self.sudo_password
        return found


def of_own_hosts(
    own: OwnHosts,
    hosts: Sequence[OwnHost],
    logins: Mapping[str, Login] | None = None,
    name: str = "inventory",
) -> Path:
    """An inventory with the first as the master and the others as nodes."""
    entries = [
        {"name": host.name, "address": host.address, "ssh": (logins or {}).get(host.name, Login()).settings}
        for host in hosts
    ]
    path = own.folder / f"{name}.yaml"
    document = {
        "cluster": {"name": name, "kubernetesVersion": "v1.37.2", "podSubnet": "172.16.0.0/12"},
        "ssh": {
            "identityFile": str(own.key),
            "knownHostsFile": str(own.known_hosts),
            "hostKeyPolicy": "strict",
            "configFile": "none",
        },
        "os": {"firewall": "keep", "timeSync": "none", "allowCgroupV1": True},
        "masters": entries[:1],
        "nodes": entries[1:],
    }
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    path.chmod(0o600)
    return path
