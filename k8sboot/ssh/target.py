"""A host as the SSH layer sees it. The CLI maps the inventory's settings to this."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from k8sboot.secret import Secret


@dataclass(frozen=True)
class Target:
    """One host to log in to. None: not set in the inventory, so ssh_config and then the default decide."""

    name: str
    address: str
    user: str | None = None
    port: int | None = None
    identity_file: str | None = None
    passphrase: Secret | None = None
    password: Secret | None = None
    sudo_password: Secret | None = None
    host_key_policy: Literal["accept-new", "strict", "insecure"] = "accept-new"
    host_key: str | None = None
    known_hosts_file: str | None = None
    jump: str | None = None
    jump_host_keys: tuple[str, ...] = ()
    config_file: str | None = None
    connect_timeout: int = 10
