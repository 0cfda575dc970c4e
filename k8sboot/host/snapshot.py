"""A probe's results of a host: plain values, no connection."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

from k8sboot.kubernetes.interfaces import SOFTWARE
from k8sboot.text.numbers import whole


@dataclass(frozen=True)
class FileState:
    """A regular file. mode: permission bits. owner: 'user:group'. content None: too large for a probe."""

    mode: int
    owner: str
    size: int
    sha256: str
    content: bytes | None


PROPERTIES = {"LoadState": "load", "ActiveState": "active", "SubState": "sub", "UnitFileState": "enabled"}


@dataclass(frozen=True)
class UnitState:
    """A systemd unit as in `systemctl show`: load 'loaded', active 'active', enabled 'enabled', sub 'running'."""

    load: str = "not-found"
    active: str = "inactive"
    enabled: str = ""
    sub: str = ""

    def with_property(self, key: str, value: str) -> UnitState:
        """The same with one of systemctl's properties set."""
        name = PROPERTIES.get(key)
        return _with(self, name, value) if name else self

    def __str__(self) -> str:
        return ", ".join(filter(None, (self.active, self.enabled))) if self.exists else "unknown to systemd"

    @property
    def is_starting(self) -> bool:
        """Whether it is starting, as after a boot; not if it failed and waits for a restart."""
        return self.active == "activating" and self.sub != "auto-restart"

    @property
    def exists(self) -> bool:
        """Whether systemd knows a unit file of that name (a masked one counts)."""
        return self.load in ("loaded", "masked")


@lru_cache(maxsize=256)
def _with(unit: UnitState, name: str, value: str) -> UnitState:
    """Most units are in one of a few states: each is made once, and shared."""
    return replace(unit, **{name: value})


@dataclass(frozen=True)
class Answer:
    """The output of a question's shell snippet."""

    exit_status: int
    text: str


@dataclass(frozen=True)
class Facts:
    """Facts about a host. Sizes in KiB, time in seconds since the epoch.

    own_addresses: those that are not of a runtime, the pods' network or kube-proxy.
    """

    hostname: str
    kernel: str
    arch: str
    os_id: str
    os_like: tuple[str, ...]
    os_version: str
    os_codename: str
    os_name: str
    cpus: int
    memory_kib: int
    disk_free_kib: int
    time: int
    addresses: tuple[str, ...]
    own_addresses: tuple[str, ...]
    macs: tuple[str, ...]
    machine_id: str
    product_uuid: str
    boot_id: str
    init: str
    selinux: str
    timezone: str
    swaps: tuple[str, ...]
    listening: str
    jobs: tuple[str, ...]


@dataclass
class Snapshot:
    """All results of one probe. Filled by probe.parse, read by host.Peer.

    closed: files that were not read, as other users own folders on the way to them; the user and the folder.
    """

    facts: dict[str, str] = field(default_factory=dict)
    files: dict[str, FileState | None] = field(default_factory=dict)
    not_files: set[str] = field(default_factory=set)
    closed: dict[str, str] = field(default_factory=dict)
    packages: dict[str, tuple[str, bool]] = field(default_factory=dict)
    units: dict[str, UnitState] = field(default_factory=dict)
    sysctls: dict[str, tuple[str | None, bool]] = field(default_factory=dict)
    modules: dict[str, str] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)

    def add(self, more: Snapshot) -> None:
        """Add results of a later read."""
        self.files.update(more.files)
        self.not_files.update(more.not_files)
        self.closed.update(more.closed)
        self.packages.update(more.packages)
        self.units.update(more.units)
        self.sysctls.update(more.sysctls)
        self.modules.update(more.modules)
        self.answers.update(more.answers)

    def has_file(self, path: str) -> bool:
        """Whether it is known what this path is, or that there is nothing."""
        return path in self.files or path in self.not_files or path in self.closed

    def text(self, path: str) -> str:
        """A file's content as text; empty if it is missing or too large for a probe."""
        state = self.files.get(path)
        return (state.content or b"").decode("utf-8", "replace") if state else ""

    @cached_property
    def host_facts(self) -> Facts:
        """The facts, typed."""
        release, said = _os_release(self.text("/etc/os-release")), self.facts
        return Facts(
            hostname=said.get("hostname", ""),
            kernel=said.get("kernel", ""),
            arch=said.get("arch", ""),
            os_id=release.get("ID", ""),
            os_like=tuple(release.get("ID_LIKE", "").split()),
            os_version=release.get("VERSION_ID", ""),
            os_codename=release.get("VERSION_CODENAME", ""),
            os_name=release.get("PRETTY_NAME", ""),
            cpus=_number(said.get("cpus")),
            memory_kib=_number(said.get("memory_kib")),
            disk_free_kib=_number(said.get("disk_free_kib")),
            time=_number(said.get("time")),
            addresses=tuple(address for _, address in _addresses(said)),
            own_addresses=tuple(a for name, a in _addresses(said) if not re.match(SOFTWARE, name)),
            macs=tuple(said.get("macs", "").split()),
            machine_id=self.text("/etc/machine-id").strip(),
            product_uuid=said.get("product_uuid", ""),
            boot_id=self.text("/proc/sys/kernel/random/boot_id").strip(),
            init=said.get("init", ""),
            selinux=said.get("selinux", ""),
            timezone=said.get("timezone", "").partition("zoneinfo/")[2],
            swaps=tuple(
                line.split()[0] for line in self.text("/proc/swaps").splitlines()[1:] if line.strip()
            ),
            listening=said.get("listening", ""),
            jobs=tuple(said.get("jobs", "").split()),
        )

    @property
    def due_restarts(self) -> frozenset[str]:
        """Units whose configuration was written and that have not been restarted since."""
        return frozenset(self.facts.get("restarts", "").split())

    def mark_restarts(self, units: Iterable[str]) -> None:
        """Record that the units' configuration was just written."""
        self.facts["restarts"] = " ".join((self.facts.get("restarts", ""), *units))


def from_to(thing: str, now: object, then: object) -> str:
    """A line of a change's diff, for what is not a file."""
    return f"{thing}: {str(now) or 'none'} -> {str(then) or 'none'}\n"


def unit_does(unit: str, what: str, now: UnitState) -> str:
    """A line of a change's diff, for a systemd unit: what it does, such as 'starts', and its state now."""
    return f"{unit}: {what} ({f'now {now}' if now.exists else 'comes with its package'})\n"


def _addresses(said: Mapping[str, str]) -> list[tuple[str, str]]:
    """(interface, IP address) of all addresses of a host."""
    words = said.get("addresses", "").split()
    return [(name, word.partition("/")[0]) for name, word in zip(words[::2], words[1::2], strict=False)]


def _number(text: str | None) -> int:
    return whole(text) or 0


@lru_cache(maxsize=16)
def _os_release(text: str) -> dict[str, str]:
    """Parse os-release(5): KEY=value lines in shell quoting; invalid lines are ignored."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        key, sign, value = line.partition("=")
        if not sign or key.startswith("#"):
            continue
        try:
            found[key.strip()] = shlex.split(value)[0]
        except (ValueError, IndexError):
            continue
    return found


def offset(theirs: float, *, asked: float, answered: float) -> float:
    """Seconds by which a clock, read between asked and answered, is certainly ahead (below zero: behind).

    A clock in whole seconds may show up to one second too little. A slow probe adds uncertainty, which does not count.
    """
    return max(theirs - answered, 0.0) + min(theirs + 1 - asked, 0.0)
