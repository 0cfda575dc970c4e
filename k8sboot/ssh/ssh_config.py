"""Resolve a target with ~/.ssh/config. `ssh -G` reads it: only OpenSSH knows every keyword."""

from __future__ import annotations

import getpass
import re
import socket
from pathlib import Path

from k8sboot.errors import ConnectError
from k8sboot.ssh.config_answers import Settings, settings_of
from k8sboot.ssh.login import Login
from k8sboot.ssh.target import Target

DEFAULT_KEYS = ("id_ed25519", "id_ecdsa", "id_rsa", "id_ed25519_sk", "id_ecdsa_sk")
GLOBAL_KNOWN_HOSTS = (Path("/etc/ssh/ssh_known_hosts"), Path("/etc/ssh/ssh_known_hosts2"))
NAME = re.compile(r"[^-\s\x00-\x1f\x7f'\"`$;&<>|(){},\\][^\s\x00-\x1f\x7f'\"`$;&<>|(){},\\]*\$?\Z")
"""Without what a shell reads otherwise: it is `%h` and `%r` of ProxyCommand and `Match exec`."""


def resolve(target: Target) -> Login:
    """The login for a target: inventory, then ssh_config, then defaults. Raises ConnectError."""
    for what, value in (("address", target.address), ("user", target.user)):
        if value is not None and not NAME.match(value):
            raise ConnectError(
                f"{value!r} is not a valid {what}", fix=f"correct `{what}` in the inventory", host=target.name
            )
    settings, notices = settings_of(target)
    login = _Resolver(target, settings)
    _refuse_other_number(target, login.jump())
    return Login(
        target=target,
        address=_first(settings, "hostname") or target.address,
        port=target.port or int(_first(settings, "port") or 22),
        user=target.user or _first(settings, "user") or getpass.getuser(),
        identity=_path(target.identity_file),
        key_files=login.key_files(),
        identities_only=_first(settings, "identitiesonly") == "yes",
        jump=login.jump(),
        proxy_command=login.proxy_command(),
        known_hosts=login.known_hosts(),
        host_key_alias=_first(settings, "hostkeyalias"),
        revoked_keys=login.revoked_keys(),
        notices=notices,
    )


def _refuse_other_number(target: Target, jump: tuple[str, ...]) -> None:
    keys = target.jump_host_keys
    if keys and len(keys) != len(jump):
        raise ConnectError(
            f"{len(keys)} keys for {len(jump)} jump hosts ({', '.join(jump) or 'none'})",
            fix="give `jumpHostKeys` in the inventory one key for each jump host, in their order",
            host=target.name,
        )


def _first(settings: Settings, keyword: str) -> str:
    return settings.get(keyword, [""])[0]


def _path(name: str | None) -> Path | None:
    return Path(name).expanduser() if name else None


class _Resolver:
    def __init__(self, target: Target, settings: Settings) -> None:
        self._target = target
        self._settings = settings
        self._tokens = {
            "%": "%",
            "d": str(Path.home()),
            "h": _first(settings, "hostname") or target.address,
            "n": target.address,
            "p": str(target.port or _first(settings, "port") or 22),
            "r": target.user or _first(settings, "user") or getpass.getuser(),
            "u": getpass.getuser(),
            "l": socket.gethostname().split(".")[0],
        }

    def _expand(self, text: str) -> str:
        return re.sub(r"%([%dhnprul])", lambda match: self._tokens[match[1]], text)

    def key_files(self) -> tuple[Path, ...]:
        named = self._settings.get("identityfile") or [f"~/.ssh/{name}" for name in DEFAULT_KEYS]
        return tuple(Path(self._expand(name)).expanduser() for name in named if name != "none")

    def known_hosts(self) -> tuple[Path, ...]:
        if self._target.known_hosts_file:
            return (Path(self._target.known_hosts_file).expanduser(),)
        named = _first(self._settings, "userknownhostsfile").split() or ["~/.ssh/known_hosts"]
        own = [Path(self._expand(name)).expanduser() for name in named if name != "none"]
        return (*own, *GLOBAL_KNOWN_HOSTS)

    def revoked_keys(self) -> Path | None:
        named = _first(self._settings, "revokedhostkeys")
        return None if named in ("", "none") else Path(self._expand(named)).expanduser()

    def jump(self) -> tuple[str, ...]:
        named = self._target.jump if self._target.jump is not None else _first(self._settings, "proxyjump")
        return () if named in ("", "none") else tuple(hop.strip() for hop in named.split(","))

    def proxy_command(self) -> str:
        command = _first(self._settings, "proxycommand")
        return "" if self.jump() or command == "none" else self._expand(command)


def split_hop(hop: str) -> tuple[str | None, str, int | None]:
    """user, host, port of [user@]host[:port] or ssh://...; IPv6 in brackets. None: not given."""
    rest = hop.removeprefix("ssh://").rstrip("/")
    user, at, address = rest.rpartition("@")
    match = re.fullmatch(
        r"\[(?P<v6>[^]]+)\](?::(?P<p6>\d+))?|(?P<host>[^:]+)(?::(?P<port>\d+))?|(?P<raw>.+)", address
    )
    if match is None:
        raise ConnectError(f"{hop!r} is not a jump host", fix="write [user@]host[:port]")
    port = match["p6"] or match["port"]
    return user if at else None, match["v6"] or match["host"] or match["raw"], int(port) if port else None
