"""A target resolved with ssh_config and the defaults."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from k8sboot.ssh.target import Target


@dataclass(frozen=True)
class Login:
    """Everything needed to log in to one machine; target: what was asked for.

    identity: the key file the inventory names; key_files: those of ssh_config or the defaults. jump: the
    bastions before it, first to last, as [user@]host[:port]. known_hosts: read in this order, new keys go to
    the first. revoked_keys: the file of keys that no host may have. notices: lines for the user about the resolution.
    """

    target: Target
    address: str
    port: int
    user: str
    identity: Path | None = None
    key_files: tuple[Path, ...] = ()
    identities_only: bool = False
    jump: tuple[str, ...] = ()
    proxy_command: str = ""
    known_hosts: tuple[Path, ...] = ()
    host_key_alias: str = ""
    revoked_keys: Path | None = None
    notices: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its name in errors."""
        return self.target.name

    @property
    def filed_as(self) -> tuple[str, int]:
        """Host and port to look up in known_hosts; an alias stands for both."""
        return (self.host_key_alias, 22) if self.host_key_alias else (self.address, self.port)

    @property
    def where(self) -> str:
        """user@address:port, for messages."""
        return f"{self.user}@{self.address}:{self.port}"
