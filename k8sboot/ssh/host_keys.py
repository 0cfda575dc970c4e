"""Decide whether the key a server showed is its own: by pin, by known_hosts, or by taking a new one."""

from __future__ import annotations

import base64
import fcntl
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from k8sboot.errors import HostKeyRefused
from k8sboot.ssh import known_hosts
from k8sboot.ssh.login import Login

ON_CONSOLE = "`ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub` on the machine's console"
ALGORITHMS = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}

# Keys taken in this process that could not be written down, by the file they belong in.
_remembered: dict[Path, list[known_hosts.KnownHost]] = {}
_lock = threading.Lock()


class Judge:
    """Judges the key of one host. notice takes a line for the user."""

    def __init__(self, login: Login, notice: Callable[[str], None]) -> None:
        self._login = login
        self._notice = notice
        self._entries, self._warnings = known_hosts.read(login.known_hosts)
        self._entries += _remembered.get(login.known_hosts[0], [])

    def preferred(self, offered: Sequence[str]) -> list[str]:
        """The algorithms offered, those of keys on file first: any known key may prove the host."""
        host, port = self._login.filed_as
        known = {
            algorithm
            for key_type in known_hosts.known_types(self._entries, host=host, port=port)
            for algorithm in ALGORITHMS.get(key_type, (key_type,))
        }
        first = [algorithm for algorithm in offered if algorithm in known]
        return first + [algorithm for algorithm in offered if algorithm not in first]

    def check(self, key: bytes) -> None:
        """Accept the key, or raise HostKeyRefused."""
        if self._login.target.host_key:
            self._check_pin(key)
            return
        host, port = self._login.filed_as
        found = known_hosts.judge(self._entries, host=host, port=port, key=key)
        if found.verdict != "match":
            self._tell_of_unread_lines()
        if found.verdict == "revoked":
            raise self._refused("is marked @revoked", key, found.against)
        if self._login.target.host_key_policy == "insecure":
            self._notice(
                f"WARNING: the host key of {self._login.name} is NOT checked (policy insecure): "
                f"anybody on the way can take over; it shows {known_hosts.fingerprint(key)}"
            )
        elif found.verdict == "changed":
            raise self._refused("has changed", key, found.against)
        elif found.verdict == "unknown":
            self._meet(key)

    def _tell_of_unread_lines(self) -> None:
        for warning in self._warnings:
            self._notice(warning)
        name = known_hosts.lookup_name(*self._login.filed_as)
        for entry in self._entries:
            if entry.marker == "@cert-authority" and known_hosts.matches(entry.hosts, name):
                self._notice(f"{entry.where}: skipped, host certificates are not supported; plain keys are")

    def _check_pin(self, key: bytes) -> None:
        shown = known_hosts.fingerprint(key)
        if shown != (self._login.target.host_key or "").rstrip("="):
            raise HostKeyRefused(
                "the host key is not the one pinned in the inventory",
                why=f"pinned {self._login.target.host_key}, the server shows {shown} "
                f"({known_hosts.inner_type(key)})",
                fix=f"if the machine was reinstalled, compare with {ON_CONSOLE} and correct `hostKey`; "
                "otherwise somebody may be in between",
                host=self._login.name,
            )

    def _refused(self, what: str, key: bytes, against: Sequence[known_hosts.KnownHost]) -> HostKeyRefused:
        host, port = self._login.filed_as
        on_file = "; ".join(f"{entry.fingerprint} ({entry.key_type}) at {entry.where}" for entry in against)
        file = against[0].where.rpartition(":")[0]
        return HostKeyRefused(
            f"the host key of {self._login.address} {what}",
            why=f"on file {on_file}; the server shows {known_hosts.fingerprint(key)} "
            f"({known_hosts.inner_type(key)})",
            fix=f"only if you know why (reinstalled?): "
            f"`ssh-keygen -R '{known_hosts.lookup_name(host, port)}' -f {file}`, then run again; "
            "otherwise somebody may be in between",
            host=self._login.name,
        )

    def _meet(self, key: bytes) -> None:
        shown, key_type = known_hosts.fingerprint(key), known_hosts.inner_type(key)
        host, port = self._login.filed_as
        line = f"{known_hosts.lookup_name(host, port)} {key_type} {base64.b64encode(key).decode()}"
        file = self._login.known_hosts[0]
        if self._login.target.host_key_policy == "strict":
            raise HostKeyRefused(
                f"the host key of {self._login.address} is not known",
                why=f"policy strict, and {file} has none for it; the server shows {shown} ({key_type})",
                fix=f"compare the fingerprint with {ON_CONSOLE}; then write `hostKey: {shown}` into the "
                f"inventory, or add this line to {file}: {line}",
                host=self._login.name,
            )
        self._notice(f"new host key of {self._login.name} accepted: {shown} ({key_type})")
        self._write_down(line, file)

    def _write_down(self, line: str, file: Path) -> None:
        entry = known_hosts.parse_line(line, f"{file}:new")
        try:
            append(file, line)
        except OSError as error:
            self._notice(
                f"{file}: the new key is not written down ({error.strerror}), it counts for this run only"
            )
            if entry is not None:
                with _lock:
                    _remembered.setdefault(file, []).append(entry)


def append(file: Path, line: str) -> None:
    """Add one line under a lock, without touching what is there; made 0600, its directory 0700."""
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
