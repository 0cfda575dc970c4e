"""What a fake host is: dictionaries."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from k8sboot.ssh.connection import Completed

PLAIN = (str, bytes, int, float, tuple, type(None))
Reply = tuple[int, str, str]
Answer = str | Reply | Callable[["HostState", list[str]], "str | Reply"]

DEBIAN = (
    'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'
)
SWAPS = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"


class UnknownCommand(AssertionError):
    """The fake does not know what this command does to a host."""


def unit_of(path: str) -> str:
    """The unit that the file at this path makes, or ''."""
    folder, _, name = path.rpartition("/")
    is_one = folder == "/etc/systemd/system" and name.endswith(
        (".service", ".timer", ".socket", ".mount", ".path")
    )
    return name if is_one else ""


@dataclass
class FakeFile:
    """A file of the fake host."""

    content: bytes = b""
    mode: int = 0o644
    owner: str = "root:root"

    def __deepcopy__(self, _memo: object) -> FakeFile:
        return FakeFile(self.content, self.mode, self.owner)


@dataclass
class FakeUnit:
    """A systemd unit of the fake host."""

    active: str = "inactive"
    enabled: str = "disabled"
    restarts: int = 0
    unmasked: str = "disabled"
    sub: str = ""

    def __deepcopy__(self, _memo: object) -> FakeUnit:
        return replace(self)


def _copied(value: object, memo: dict[int, object]) -> object:
    """A deep copy; of the dicts, lists and sets of a host, which mostly hold plain values, in a tenth of the time."""
    if isinstance(value, dict):
        return {k: v if isinstance(v, PLAIN) else _one(v, memo) for k, v in value.items()}
    if isinstance(value, list | set) and all(isinstance(each, PLAIN) for each in value):
        return type(value)(value)
    return copy.deepcopy(value, memo)


def _one(value: object, memo: dict[int, object]) -> object:
    """Files, of which a host has hundreds, without copy's detour."""
    return value.__deepcopy__(memo) if isinstance(value, FakeFile) else copy.deepcopy(value, memo)


@dataclass
class HostState:
    """files: path -> FakeFile or text. packages: name -> version, held: those that are. rivals: name -> the packages
    that its installation removes. offered: name ->
    versions that apt can install, newest first, once its lists are read.
    dead: folders of apt's repositories without an index -> apt's words.
    older: files from before the mark of a kubeadm run. unread: "UNIT FILE", edited since it started.
    web: URL -> what is fetched there. evidence: section -> what the host says of itself after a failure.
    mounts: path -> type and source of what is mounted below kubelet's directory; users: path -> who uses it.
    modules: name -> loaded, available, missing or unloadable. answers: the beginning of a command line, or a
    question's name -> what it prints, (exit status, stdout, stderr), or what says so; they go before all else.
    """

    name: str = "h1"
    files: dict[str, FakeFile | str] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    rivals: dict[str, tuple[str, ...]] = field(default_factory=dict)
    offered: dict[str, tuple[str, ...]] = field(default_factory=dict)
    has_fresh_lists: bool = False
    units: dict[str, FakeUnit] = field(default_factory=dict)
    sysctls: dict[str, str] = field(default_factory=dict)
    fixed_sysctls: set[str] = field(default_factory=set)
    modules: dict[str, str] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    directories: dict[str, str] = field(default_factory=dict)
    not_files: set[str] = field(default_factory=set)
    web: dict[str, str] = field(default_factory=dict)
    no_devices: set[str] = field(default_factory=set)
    evidence: dict[str, str] = field(default_factory=dict)
    mounts: dict[str, str] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)
    older: set[str] = field(default_factory=set)
    unread: set[str] = field(default_factory=set)
    dead: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        digest = hashlib.sha256(self.name.encode()).hexdigest()
        self.facts = {
            "hostname": self.name, "kernel": "6.1.0-13-amd64", "arch": "x86_64", "cpus": "4",
            "memory_kib": str(4 << 20), "disk_free_kib": str(40 << 20), "init": "systemd",
            "timezone": "/usr/share/zoneinfo/Etc/UTC", "product_uuid": digest[:32], "macs": f"02:{digest[:2]}:00",
            **self.facts,
        }  # fmt: skip
        given = {
            "/etc/os-release": DEBIAN, "/proc/swaps": SWAPS, "/etc/machine-id": digest[:32] + "\n",
            "/proc/sys/kernel/random/boot_id": "b0\n", "/etc/hosts": "127.0.0.1 localhost\n",
            "/etc/hostname": self.name + "\n",
            "/etc/localtime": f"..{self.facts['timezone']}\n",
            **self.files,
        }  # fmt: skip
        self.files = {p: f if isinstance(f, FakeFile) else FakeFile(f.encode()) for p, f in given.items()}
        self.directories.setdefault("/var/lib/apt/lists", "root:root")
        self.runs: list[str] = []
        """The kind of each round trip: probe, write, ask, change or job, and hold or release of the lock."""
        self.loses: list[str] = []
        """For each change to come: '', or when its connection dies: before, behind, or restarted (behind it)."""
        self.outcomes: dict[str, Completed] = {}
        self.holder = ""
        """Who has the lock: run, seat and words for people."""
        self.lease = 0
        """Seconds for which the holder's lease was last given."""
        self.has_room_for_lock = True
        self.commands: list[str] = []
        self.mutations: list[str] = []
        self.unknown: list[str] = []
        self.is_closed = False
        self.events: list[str] = []

    def __deepcopy__(self, memo: dict[int, object]) -> HostState:
        made = copy.copy(self)
        memo[id(self)] = made
        vars(made).update({name: _copied(value, memo) for name, value in vars(self).items()})
        return made

    def text(self, path: str) -> str:
        """What a file holds; KeyError where there is none."""
        found = self.files[path]
        assert isinstance(found, FakeFile)
        return found.content.decode("utf-8", "surrogateescape")

    def put(self, path: str, content: str, mode: int = 0o644, owner: str = "root:root") -> None:
        """A file appears. Bytes are in it as surrogates."""
        self.files[path] = FakeFile(content.encode("utf-8", "surrogateescape"), mode, owner)

    def clear(self) -> None:
        """Forget what was sent so far."""
        self.runs.clear()
        self.commands.clear()
        self.mutations.clear()

    def _reply(self, key: str, words: list[str]) -> Reply:
        if key not in self.answers:
            raise self._unknown(f"the question {key}")
        answer = self.answers[key]
        said = answer(self, words) if callable(answer) else answer
        return said if isinstance(said, tuple) else (0, said, "")

    def _unknown(self, what: str) -> UnknownCommand:
        self.unknown.append(what)
        return UnknownCommand(f"{self.name} does not know {what}")
