"""A host in dictionaries, at the lowest seam: k8sboot.ssh.connection.Connection.

It understands the three shapes of script that k8sboot sends (probe, write, commands) and knows what the
commands in them do to a host. A command that it does not know fails the test that sent it.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import shlex
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from k8sboot import probe, writing
from k8sboot.ssh.connection import Completed

Reply = tuple[int, str, str]
Answer = str | Reply | Callable[["FakeConnection", list[str]], "str | Reply"]

DEBIAN = (
    'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'
)
SWAPS = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
UNITS = {
    "chrony": ("chrony.service", "active"),
    "docker-ce": ("docker.service", "active"),
    "kubelet": ("kubelet.service", "activating"),
}
"""Package: the unit that comes with it, enabled, and the state its start leaves it in."""

READING = (
    "apt-cache",
    "find",
    "stat",
    "cat",
    "kubectl get",
    "kubectl diff",
    "kubectl top",
    "docker image",
    "kubeadm config",
)


class UnknownCommand(AssertionError):
    """The fake does not know what this command does to a host."""


@dataclass
class FakeFile:
    """A file of the fake host."""

    content: bytes = b""
    mode: int = 0o644
    owner: str = "root:root"


@dataclass
class FakeUnit:
    """A systemd unit of the fake host."""

    active: str = "inactive"
    enabled: str = "disabled"
    restarts: int = 0


@dataclass
class FakeConnection:
    """files: path -> FakeFile or text. packages: name -> version, held: those that are. offered: name ->
    versions that apt can install, newest first, of them `listed` from the start and the rest after an update.
    modules: name -> loaded, available, missing or unloadable. answers: the beginning of a command line, or a
    question's name -> what it prints, (exit status, stdout, stderr), or what says so; they go before all else.
    """

    name: str = "h1"
    files: dict[str, FakeFile | str] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
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
            **self.files,
        }  # fmt: skip
        self.files = {p: f if isinstance(f, FakeFile) else FakeFile(f.encode()) for p, f in given.items()}
        self.runs: list[str] = []
        """The kind of each round trip: probe, write, ask, change or job."""
        self.commands: list[str] = []
        self.mutations: list[str] = []
        self.unknown: list[str] = []
        self.originals: dict[str, FakeFile | None] = {}
        self.is_closed = False
        self.events: list[str] = []

    # -- the seam

    def run(self, script: str, *, timeout: float) -> Completed:
        """One round trip."""
        assert timeout > 0
        assert not self.is_closed
        if script.startswith(probe._FACTS):
            self.runs.append("probe")
            return Completed(0, "".join(f"{line}\n" for line in self._probed(script)).encode(), b"")
        if script.startswith(writing._PUT):
            self.runs.append("write")
            return self._write(script)
        self.runs.append("change" if "k8sboot-failed-" in script else "ask")
        return self._run_commands(script)

    def run_job(
        self, name: str, script: str, *, timeout: float, on_output: Callable[[str], None]
    ) -> Completed:
        """One round trip; a job has both streams in its one log."""
        assert name
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-"), name
        self.runs.append("job")
        done = self._run_commands(script)
        log = done.stdout + done.stderr
        for line in log.decode().splitlines():
            on_output(line)
        return Completed(done.exit_status, log, b"")

    def close(self) -> None:
        """Closed for good."""
        self.is_closed = True

    # -- looking at the fake

    def text(self, path: str) -> str:
        """What a file holds; KeyError where there is none."""
        found = self.files[path]
        assert isinstance(found, FakeFile)
        return found.content.decode("utf-8", "surrogateescape")

    def put(self, path: str, content: str, mode: int = 0o644, owner: str = "root:root") -> None:
        """A file appears."""
        self.files[path] = FakeFile(content.encode(), mode, owner)

    def clear(self) -> None:
        """Forget what was sent so far."""
        self.runs.clear()
        self.commands.clear()
        self.mutations.clear()

    # -- probes

    def _probed(self, script: str) -> Iterator[str]:
        for name, value in {**self.facts, "time": str(int(time.time())), "restarts": self._marks()}.items():
            yield f"fact {name} {base64.b64encode(value.encode()).decode()}"
        tail = script[script.index(probe._QUESTIONS) + len(probe._QUESTIONS) :]
        for words in logical_lines(tail):
            yield from self._answer_line(words)

    def _marks(self) -> str:
        return " ".join(p.rpartition("/")[2] for p in self.files if p.startswith(f"{writing.RESTART_DIR}/"))

    def _answer_line(self, words: list[str]) -> Iterator[str]:
        match words:
            case ["file", path]:
                yield self._file_line(path)
            case ["module", name]:
                yield f"module {name} {self.modules.get(name, 'missing')}"
            case ["sysctl_", key]:
                if key in self.sysctls:
                    yield f"sysctl {key} {'ro' if key in self.fixed_sysctls else 'rw'} {self.sysctls[key]}"
            case ["if", "command", "-v", "dpkg-query", *rest]:
                yield from self._package_lines(rest[rest.index("-f") + 2 : rest.index("2>/dev/null")])
            case ["systemctl", "show", *rest]:
                names = rest[rest.index("Id,LoadState,ActiveState,UnitFileState") + 1 : rest.index("|")]
                for name in names:
                    yield from self._unit_lines(name)
            case ["question", name, script]:
                status, out, _ = self._reply(name, [script])
                yield f"answer {name} {status} .{base64.b64encode(out.rstrip().encode()).decode()}"
            case ["if" | "rpm" | "true", *_] | []:
                return
            case _:
                raise self._unknown(f"in a probe: {shlex.join(words)}")

    def _file_line(self, path: str) -> str:
        if path in self.not_files:
            return f"other {path}"
        found = self.files.get(path)
        if found is None:
            return f"absent {path}"
        assert isinstance(found, FakeFile)
        digest = hashlib.sha256(found.content).hexdigest()
        is_small = len(found.content) <= probe.MAX_CONTENT
        content = base64.b64encode(found.content).decode() if is_small else "-"
        return f"file {path} {found.mode:o} {found.owner} {len(found.content)} {digest} .{content}"

    def _package_lines(self, names: list[str]) -> Iterator[str]:
        for name in names:
            if name in self.broken:
                yield f"broken {name}"
            elif name in self.packages:
                yield f"package {name} {self.packages[name]} {'held' if name in self.held else 'free'}"

    def _unit_lines(self, name: str) -> Iterator[str]:
        unit = self.units.get(name)
        yield f"unit Id={name}"
        yield f"unit LoadState={'loaded' if unit else 'not-found'}"
        yield f"unit ActiveState={unit.active if unit else 'inactive'}"
        yield f"unit UnitFileState={unit.enabled if unit else ''}"

    # -- writes

    def _write(self, script: str) -> Completed:
        said = []
        lines = iter(script.removeprefix(writing._PUT).splitlines())
        for line in lines:
            words = shlex.split(line)
            if words[0] == "mkdir":
                marks = words[words.index("touch") + 1 :]
                self.files.update({mark: FakeFile() for mark in marks})
                continue
            assert words[0] == "put", line
            assert words[5] == "<<K8SBOOT-END", line
            data = base64.b64decode("".join(iter(lines.__next__, "K8SBOOT-END")))
            said.append(self._put(words[1], int(words[2], 8), words[3], words[4], data))
        self.mutations.append("write")
        return Completed(0, "".join(said).encode(), b"")

    def _put(self, path: str, mode: int, owner: str, kind: str, data: bytes) -> str:
        if kind != "volatile" and path not in self.originals:
            found = self.files.get(path)
            assert found is None or isinstance(found, FakeFile)
            self.originals[path] = found
        self.files[path] = FakeFile(data, mode, owner)
        self.events.append(f"write {path}")
        return f"{hashlib.sha256(data).hexdigest()}  -\n"

    # -- commands

    def _run_commands(self, script: str) -> Completed:
        out, err, tidy = "", "", []
        status = 0
        for words in logical_lines(script):
            if words[0] == "trap":
                tidy += shlex.split(words[1])[3:]
                continue
            status, more_out, more_err = self._command(words[: words.index("||")] if "||" in words else words)
            out, err = out + more_out, err + more_err
            if status and "||" in words:
                err += next(word for word in words if word.startswith("k8sboot-failed-")) + "\n"
                break
        for path in tidy:
            self.files.pop(path, None)
        return Completed(status, out.encode(), err.encode())

    def _command(self, words: list[str]) -> Reply:
        line = shlex.join(words)
        self.commands.append(line)
        self.events.append(line)
        if not plain(words).startswith(READING):
            self.mutations.append(line)
        if (said := self._canned(plain(words), words)) is not None:
            return said
        handler = getattr(self, "_do_" + plain_words(words)[0].rpartition("/")[2].replace("-", "_"), None)
        if handler is None:
            raise self._unknown(line)
        said = handler(plain_words(words)[1:])
        return (0, "", "") if said is None else said if isinstance(said, tuple) else (0, said, "")

    def _canned(self, line: str, words: list[str]) -> Reply | None:
        for key in sorted(self.answers, key=len, reverse=True):
            if line == key or line.startswith(f"{key} "):
                return self._reply(key, words)
        return None

    def _reply(self, key: str, words: list[str]) -> Reply:
        if key not in self.answers:
            raise self._unknown(f"the question {key}")
        answer = self.answers[key]
        said = answer(self, words) if callable(answer) else answer
        return said if isinstance(said, tuple) else (0, said, "")

    def _unknown(self, what: str) -> UnknownCommand:
        self.unknown.append(what)
        return UnknownCommand(f"{self.name} does not know {what}")

    def _do_systemctl(self, words: list[str]) -> Reply | None:
        verb, *names = [word for word in words if word != "--now"]
        for name in names:
            unit = self.units.get(name)
            if unit is None:
                return 1, "", f"Unit {name} not found.\n"
            if verb in ("restart", "start"):
                is_waiting = name == "kubelet.service" and "/etc/kubernetes/kubelet.conf" not in self.files
                unit.active = "activating" if is_waiting else "active"
                unit.restarts += 1
            elif verb == "enable":
                unit.enabled = "enabled"
            elif verb == "disable":
                unit.enabled = "disabled"
                if "--now" in words:
                    unit.active = "inactive"
            elif verb not in ("unmask", "mask"):
                raise self._unknown(f"systemctl {verb}")
        if not names and verb != "daemon-reload":
            raise self._unknown(f"systemctl {verb}")
        return None

    def _do_hostnamectl(self, words: list[str]) -> None:
        assert words[0] == "set-hostname"
        self.facts["hostname"] = words[1]
        self.put("/etc/hostname", words[1] + "\n")

    def _do_timedatectl(self, words: list[str]) -> None:
        assert words[0] == "set-timezone"
        self.facts["timezone"] = f"/usr/share/zoneinfo/{words[1]}"

    def _do_swapoff(self, words: list[str]) -> None:
        assert words == ["-a"]
        self.put("/proc/swaps", SWAPS)

    def _do_setenforce(self, words: list[str]) -> None:
        self.facts["selinux"] = {"0": "Permissive", "1": "Enforcing"}[words[0]]

    def _do_modprobe(self, words: list[str]) -> Reply | None:
        name = words[-1]
        if self.modules.get(name) not in ("available", "loaded"):
            return 1, "", f"modprobe: FATAL: Module {name} not found\n"
        self.modules[name] = "loaded"
        if name == "br_netfilter":
            for key in ("iptables", "ip6tables"):
                self.sysctls.setdefault(f"net.bridge.bridge-nf-call-{key}", "0")
        return None

    def _do_sysctl(self, words: list[str]) -> Reply | None:
        assert words[:2] == ["-q", "-w"]
        key, _, value = words[2].partition("=")
        if key not in self.sysctls or key in self.fixed_sysctls:
            return 255, "", f"sysctl: cannot set {key}\n"
        self.sysctls[key] = " ".join(value.split())
        return None

    def _do_rm(self, words: list[str]) -> None:
        gone = [word for word in words if not word.startswith("-")]
        for path in [p for p in self.files if any(p == g or p.startswith(f"{g}/") for g in gone)]:
            del self.files[path]

    def _do_mkdir(self, words: list[str]) -> None:
        assert words[0] == "-p"

    def _do_touch(self, words: list[str]) -> None:
        for path in words:
            self.files.setdefault(path, FakeFile())

    def _do_chmod(self, words: list[str]) -> None:
        found = self.files[words[1]]
        assert isinstance(found, FakeFile)
        found.mode = int(words[0], 8)

    def _do_mv(self, words: list[str]) -> None:
        *_, old, new = words
        self.files[new] = self.files.pop(old)

    def _do_cat(self, words: list[str]) -> Reply | str:
        path = words[-1]
        return self.text(path) if path in self.files else (1, "", f"cat: {path}: No such file or directory\n")

    def _do_grep(self, words: list[str]) -> Reply:
        assert words[0] == "-q"
        return (0 if words[1] in self.text(words[2]) else 1), "", ""

    def _do_stat(self, words: list[str]) -> Reply | str:
        assert words[0] == "-Lc"
        owner = self.directories.get(words[-1])
        return f"{owner}\n" if owner else (1, "", "stat: cannot statx: No such file or directory\n")

    def _do_install(self, words: list[str]) -> None:
        assert words[0] == "-d"
        self.directories[words[-1]] = f"{words[2]}:{words[4]}"

    def _do_apt_helper(self, words: list[str]) -> None:
        assert words[0] == "download-file"
        self.put(words[2], f"-----BEGIN PGP PUBLIC KEY BLOCK-----\n{words[1]}\n", mode=0o600)

    def _do_apt_cache(self, words: list[str]) -> str:
        assert words[0] == "madison"
        lines = [f"{n:>10} | {v} | http://example.com" for n in words[1:] for v in self._on_lists(n)]
        return "".join(f"{line}\n" for line in lines)

    def _on_lists(self, name: str) -> tuple[str, ...]:
        return self.offered.get(name, ()) if self.has_fresh_lists else ()

    def _do_apt_get(self, words: list[str]) -> Reply | None:
        words = without_options(words)
        if words[0] == "update":
            self.has_fresh_lists = True
            return None
        assert words[0] == "install" or words[-1] == "install", words
        for word in (w for w in words if not w.startswith("-") and w != "install"):
            name, _, version = word.partition("=")
            if not self._on_lists(name) or (version and version not in self._on_lists(name)):
                return 100, "", f"E: Unable to locate package {word}\n"
            self.install(name, version or self._on_lists(name)[0])
        return None

    def install(self, name: str, version: str) -> None:
        """A package is installed, and its unit started, as its maintainer scripts do."""
        self.packages[name] = version
        if name in UNITS:
            unit, active = UNITS[name]
            self.units.setdefault(unit, FakeUnit(active, "enabled"))

    def _do_apt_mark(self, words: list[str]) -> None:
        assert words[0] == "hold"
        self.held.update(words[1:])

    def _do_dpkg(self, words: list[str]) -> None:
        assert words == ["--configure", "-a"]
        for name in self.broken:
            self.install(name, self.offered[name][0])
        self.broken.clear()


def logical_lines(text: str) -> list[list[str]]:
    """Words of each command of a script; a quoted word may hold line breaks."""
    return [list(words) for words in _logical_lines(text)]


@functools.cache
def _logical_lines(text: str) -> tuple[tuple[str, ...], ...]:
    found, gathered = [], ""
    for line in text.splitlines(keepends=True):
        gathered += line
        try:
            words = shlex.split(gathered)
        except ValueError:
            continue
        gathered = ""
        if words:
            found.append(tuple(words))
    assert not gathered, f"an open quote in {gathered!r}"
    return tuple(found)


def plain_words(words: list[str]) -> list[str]:
    """Without `env A=b` before the command."""
    if words[0] != "env":
        return words
    rest = words[1:]
    while "=" in rest[0]:
        rest = rest[1:]
    return rest


def plain(words: list[str]) -> str:
    """A command line without environment and kubectl's own options, to be known by its beginning."""
    words = plain_words(words)
    while words[0] == "kubectl" and words[1] in ("--kubeconfig", "--cache-dir"):
        words = [words[0], *words[3:]]
    return shlex.join(words)


def without_options(words: list[str]) -> list[str]:
    """apt-get's words without `-o Name=Value` pairs and -y."""
    found: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "-o":
            next(rest)
        elif word != "-y":
            found.append(word)
    return found


def from_mapping(answers: Mapping[str, str]) -> Answer:
    """An answer that depends on the last word of the command."""
    return lambda _host, words: answers[words[-1]]
