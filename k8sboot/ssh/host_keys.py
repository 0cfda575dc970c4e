"""Verify a server's host key: by pin, by known_hosts, or by accepting a new one."""

from __future__ import annotations

import base64
import fcntl
import os
import shlex
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from k8sboot.errors import HostKeyRefused
from k8sboot.ssh import known_hosts
from k8sboot.ssh.known_hosts_file import why_not
from k8sboot.ssh.login import Login

ON_CONSOLE = "`ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub` on the machine's console"
ALGORITHMS = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}

# Keys accepted in this process that could not be written, by the file they belong in.
_remembered: dict[Path, list[known_hosts.KnownHost]] = {}
_lock = threading.Lock()


class Judge:
    """Verifies the key of one host. notice: takes a line for the user."""

    def __init__(self, login: Login, notice: Callable[[str], None]) -> None:
        self._login = login
        self._notice = notice
        self._entries, self._warnings = known_hosts.read(login.known_hosts)
        self._entries += _remembered.get(login.known_hosts[0], [])

    def preferred(self, offered: Sequence[str]) -> list[str]:
        """The offered algorithms, those of known keys first: any known key may identify the host."""
        host, port = self._login.filed_as
        known = {
            algorithm
            for key_type in known_hosts.known_types(self._entries, host=host, port=port)
            for algorithm in ALGORITHMS.get(key_type, (key_type,))
        }
        first = [algorithm for algorithm in offered if algorithm in known]
        return first + [algorithm for algorithm in offered if algorithm not in first]

    def check(self, key: bytes) -> None:
        """Accept the key, or raise HostKeyRefused. A revoked key is refused whatever else says of it."""
        host, port = self._login.filed_as
        found = known_hosts.judge(self._entries, host=host, port=port, key=key)
        if found.verdict == "revoked":
            self._warn_of_skipped_lines()
            raise self._refused("is marked @revoked", key, found.against)
        self._check_revoked_keys(key)
        if self._login.target.host_key:
            self._check_pin(key)
            return
        if found.verdict != "match":
            self._warn_of_skipped_lines()
        if self._login.target.host_key_policy == "insecure":
            self._notice(
                f"WARNING: the host key of {self._login.name} is NOT checked (policy insecure): "
                f"a man in the middle would go unnoticed; it presented {known_hosts.fingerprint(key)}"
            )
        elif found.verdict == "changed":
            raise self._refused("has changed", key, found.against)
        elif found.verdict == "unknown":
            self._accept_new(key)

    def _warn_of_skipped_lines(self) -> None:
        for warning in self._warnings:
            self._notice(warning)
        name = known_hosts.lookup_name(*self._login.filed_as)
        for entry in self._entries:
            if entry.marker == "@cert-authority" and known_hosts.matches(entry.hosts, name):
                self._notice(f"{entry.where}: skipped: host certificates are not supported, plain keys are")

    def _check_revoked_keys(self, key: bytes) -> None:
        """As OpenSSH does: with RevokedHostKeys that cannot be read, no host is trusted."""
        file = self._login.revoked_keys
        if file is None:
            return
        try:
            is_revoked = key in known_hosts.revoked_keys(file)
            problem = f"{file} lists {known_hosts.fingerprint(key)}" if is_revoked else ""
        except (OSError, ValueError) as error:
            problem = f"cannot read {file}: {error}"
        if problem:
            raise HostKeyRefused(
                f"the host key of {self._login.address} is not accepted: RevokedHostKeys of ssh_config",
                why=problem,
                fix="give the host a new key, or correct RevokedHostKeys in ssh_config",
                host=self._login.name,
            )

    def _check_pin(self, key: bytes) -> None:
        shown = known_hosts.fingerprint(key)
        if shown != (self._login.target.host_key or "").rstrip("="):
            raise HostKeyRefused(
                "the host key is not the one pinned in the inventory",
                why=f"pinned {self._login.target.host_key}, the server presented {shown} "
                f"({known_hosts.inner_type(key)})",
                fix=f"if the machine was reinstalled, compare with {ON_CONSOLE} and correct `hostKey`; "
                "otherwise suspect a man in the middle",
                host=self._login.name,
            )

    def _refused(self, what: str, key: bytes, against: Sequence[known_hosts.KnownHost]) -> HostKeyRefused:
        host, port = self._login.filed_as
        on_file = "; ".join(f"{entry.fingerprint} ({entry.key_type}) at {entry.where}" for entry in against)
        file = against[0].where.rpartition(":")[0]
        return HostKeyRefused(
            f"the host key of {self._login.address} {what}",
            why=f"known are {on_file}; the server presented {known_hosts.fingerprint(key)} "
            f"({known_hosts.inner_type(key)})",
            fix=f"only if you know why, e.g. a reinstallation: "
            f"`ssh-keygen -R '{known_hosts.lookup_name(host, port)}' -f {shlex.quote(file)}`, then run again; "
            "otherwise suspect a man in the middle",
            host=self._login.name,
        )

    def _accept_new(self, key: bytes) -> None:
        shown, key_type = known_hosts.fingerprint(key), known_hosts.inner_type(key)
        host, port = self._login.filed_as
        line = f"{known_hosts.lookup_name(host, port)} {key_type} {base64.b64encode(key).decode()}"
        file = self._login.known_hosts[0]
        if self._login.target.host_key_policy == "strict":
            raise HostKeyRefused(
                f"the host key of {self._login.address} is not known",
                why=f"hostKeyPolicy is strict, and {file} has no key for it; the server presented {shown} ({key_type})",
                fix=f"compare the fingerprint with {ON_CONSOLE}; then set `hostKey: {shown}` in the "
                f"inventory, or add this line to {file}: {line}",
                host=self._login.name,
            )
        self._notice(f"new host key of {self._login.name} accepted: {shown} ({key_type})")
        self._record(line, file)

    def _record(self, line: str, file: Path) -> None:
        entry = known_hosts.parse_line(line, f"{file}:new")
        try:
            problem = why_not(file) if self._login.target.known_hosts_file else ""
            if not problem:
                append(file, line)
        except OSError as error:
            problem = error.strerror or str(error)
        if problem:
            self._notice(f"{file}: cannot write the new key ({problem}); it is valid for this run only")
            if entry is not None:
                with _lock:
                    _remembered.setdefault(file, []).append(entry)


def append(file: Path, line: str) -> None:
    """Append one line under a lock. The file is created with mode 0600, its directory with 0700."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(file, "ab", opener=_private) as stream:  # noqa: PTH123  Path.open takes no opener
        fcntl.flock(stream, fcntl.LOCK_EX)
        before = file.read_bytes()
        wanted = line.encode("utf-8", "surrogateescape")
        if wanted in before.split(b"\n"):
            return
        stream.write((b"" if not before or before.endswith(b"\n") else b"\n") + wanted + b"\n")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
