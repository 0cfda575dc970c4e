"""Whoever runs k8sboot and its rivals against the lab: a home, inventories, and an ssh configuration that all share."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bench import lab
from bench.lab import LabHost
from bench.links import Relay
from bench.places import K8SBOOT

DROPPED = ("SSH_AUTH_SOCK", "XDG_STATE_HOME", "FORCE_COLOR", "K8SBOOT_INVENTORY", "PYTHONDONTWRITEBYTECODE")


@dataclass(frozen=True)
class Controller:
    """folder: its home, and everything that it writes."""

    folder: Path

    def environ(self) -> dict[str, str]:
        """No agent, no color, nothing of the user's."""
        kept = {name: value for name, value in os.environ.items() if name not in DROPPED}
        return {
            **kept,
            "HOME": str(self.folder),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "NO_COLOR": "1",
        }

    def inventory(self, relays: Mapping[str, Relay] | None = None) -> Path:
        """The lab's, with its hosts behind relays if there are any."""
        document = lab.inventory()
        document["ssh"]["configFile"] = str(self.ssh_config(relays)) if relays else "none"
        path = self.folder / ("far.yaml" if relays else "near.yaml")
        path.write_text(yaml.safe_dump(document, sort_keys=False))
        path.chmod(0o600)
        return path

    def ssh_config(self, relays: Mapping[str, Relay] | None = None) -> Path:
        """By names and addresses of the hosts."""
        ssh: dict[str, Any] = lab.inventory()["ssh"]
        name = "ssh-" + "-".join(str(relay.port) for relay in (relays or {}).values())
        path = self.folder / name
        path.write_text("".join(_entry(host, ssh, (relays or {}).get(host.name)) for host in lab.found()))
        return path

    def k8sboot(self, command: str, inventory: Path, *words: str) -> list[str]:
        """Its command line."""
        return [str(K8SBOOT), command, "-i", str(inventory), *words]


def password_of(host: LabHost) -> str:
    """What its user gives to sudo, "" for nothing."""
    return (lab.inventory_path().parent / "ops-password").read_text().strip() if host.login == "ops" else ""


def _entry(host: LabHost, ssh: Mapping[str, Any], relay: Relay | None) -> str:
    lines = {
        "HostName": "127.0.0.1" if relay else host.address,
        "Port": str(relay.port if relay else 22),
        "HostKeyAlias": host.address,
        "User": host.login,
        "IdentityFile": ssh["identityFile"],
        "UserKnownHostsFile": ssh["knownHostsFile"],
        "StrictHostKeyChecking": "yes",
    }
    return f"Host {host.name} {host.address}\n" + "".join(
        f"  {key} {value}\n" for key, value in lines.items()
    )
