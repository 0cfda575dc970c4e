"""A host in dictionaries, at the lowest seam: k8sboot.ssh.connection.Connection.

It understands the three shapes of script that k8sboot sends (probe, write, commands) and knows what the
commands in them do to a host. A command that it does not know fails the test that sent it.
"""

from __future__ import annotations

import base64
import hashlib
import re
import shlex
import time
from collections.abc import Callable, Iterator

from fake_commands import Commands
from fake_notes import Notes
from fake_shell import logical_lines, plain, plain_words
from fake_state import FakeFile, Reply
from fake_yum import YumCommands

from k8sboot import errand, former, lock, probe, writing
from k8sboot.diagnosis.script import HEAD as EVIDENCE
from k8sboot.errors import ConnectionLost
from k8sboot.ssh.connection import Completed

READING = (
    "apt-cache",
    "apt-get -s",
    "curl",
    "sh -c",
    "yum -y -q -C --disableplugin=versionlock --disableexcludes=all list",
    "yum -y -q -C '--exclude=kernel*' check-update",
    "find",
    "ls",
    "stat",
    "cat",
    "kubectl get",
    "kubectl diff",
    "kubectl top",
    "docker image",
    "kubeadm config",
)


class FakeConnection(Commands, YumCommands, Notes):
    """A host as fake_state.HostState says it is, and a count of what was sent to it."""

    # -- the seam

    def run(self, script: str, *, timeout: float) -> Completed:
        """One round trip."""
        assert timeout > 0
        assert not self.is_closed
        if script.startswith(lock.BEGIN):
            return self._guarded(script, timeout)
        if script.startswith(errand.BEGIN):
            return self._errand(script, timeout)
        if errand.NEVER in script and errand.HOME in script:
            return self._recalled(script)
        if script.startswith(probe._FACTS):
            self.runs.append("probe")
            return Completed(0, "".join(f"{line}\n" for line in self._probed(script)).encode(), b"")
        if script.startswith(writing._PUT):
            self.runs.append("write")
            return self._write(script)
        if script.startswith(EVIDENCE):
            self.runs.append("evidence")
            return Completed(0, self._told_of_itself(script).encode(), b"")
        self.runs.append("change" if "k8sboot-failed-" in script else "ask")
        return self._run_commands(script)

    def _guarded(self, script: str, timeout: float) -> Completed:
        """What a script says that asks first whose host this is."""
        head, _, body = script.removeprefix(lock.BEGIN).partition(lock.END)
        if "hold " not in head:  # a release
            self.runs.append("release")
            self.holder = ""
            return Completed(0, b"", b"")
        run, seat, _, told = shlex.split(head[head.rindex("\nhold ") :].partition("||")[0])[1:]
        holder, holder_seat = (self.holder.split() + ["", ""])[:2]
        if holder not in ("", run) and (seat == "-" or seat != holder_seat):
            return Completed(lock.REFUSED, b"", f"{lock.SAID} lease 100 {self.holder}\n".encode())
        if not self.has_room_for_lock:
            return Completed(lock.NO_ROOM, b"", b"printf: No space left on device\n")
        self.holder = f"{run} {seat} {told}"
        inner = body.removeprefix("(\n").removesuffix("\n) 8>&- 9>&-\nexit $?\n")
        if inner == ":":
            self.runs.append("hold")
            return Completed(0, b"", b"")
        return self.run(inner, timeout=timeout)

    def _errand(self, script: str, timeout: float) -> Completed:
        """A change that happens once; loses says when the connection dies, before it or behind it."""
        head, _, rest = script.removeprefix(errand.BEGIN).partition(errand.END)
        name = head.partition(f"out={errand.HOME}/")[2].partition("/")[0]
        when = self.loses.pop(0) if self.loses else ""
        if when == "before":
            raise ConnectionLost("lost", host=self.name)
        assert name not in self.errands, "called off, or done before"
        self.errands[name] = self.run(rest.removeprefix("(\n").rpartition("\n) >> $out")[0], timeout=timeout)
        if when:
            if when == "restarted":
                self.put("/proc/sys/kernel/random/boot_id", "b1\n")
            raise ConnectionLost("lost", host=self.name)
        return self.errands[name]

    def _recalled(self, script: str) -> Completed:
        self.runs.append("recall")
        name = script.partition(f"mkdir {errand.HOME}/")[2].partition(" ")[0]
        boot_id = self.text("/proc/sys/kernel/random/boot_id")
        found = self.errands.setdefault(name, Completed(errand.CALLED_OFF, b"", b""))
        if found.exit_status == errand.CALLED_OFF:
            return Completed(0, f"{boot_id}{errand.NEVER} -\n".encode(), b"")
        said = f"{boot_id}{errand.ENDED} {found.exit_status}\n".encode() + found.stdout
        return Completed(0, said, found.stderr)

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

    def end_jobs(self) -> None:
        """There is nothing to end: a fake job has ended before anybody can ask."""

    def _reply(self, key: str, words: list[str]) -> Reply:
        return self.notes() if key == "former-state" else super()._reply(key, words)

    def close(self) -> None:
        """Closed for good."""
        self.is_closed = True

    # -- probes

    def _probed(self, script: str) -> Iterator[str]:
        for name, value in self._told_facts().items():
            yield f"fact {name} {base64.b64encode(value.encode()).decode()}"
        tail = script[script.index(probe._QUESTIONS) + len(probe._QUESTIONS) :]
        for words in logical_lines(tail):
            yield from self._answer_line(words)

    def _told_facts(self) -> dict[str, str]:
        held = f"1000\n{' '.join(self.holder.split()[:2])} 1100\n{self.holder}\n" if self.holder else "1000"
        return {**self.facts, "time": str(int(time.time())), "restarts": self._marks(), "lock": held}

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
                names = rest[
                    rest.index("Id,LoadState,ActiveState,SubState,UnitFileState") + 1 : rest.index("|")
                ]
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
        yield f"unit Id={name}"
        yield from (f"unit {line}" for line in self._unit_properties(name).splitlines())
        if name in self.units:
            yield f"unit SubState={self.units[name].sub}"

    def _told_of_itself(self, script: str) -> str:
        """Of the sections that are asked for, those that the test gave this host."""
        wanted = re.findall(r"^section (\S+) ", script, re.MULTILINE)
        assert len(wanted) == len(set(wanted)) > 5
        told = {name: text for name, text in self.evidence.items() if name in wanted}
        return "".join(f"section {n} .{base64.b64encode(t.encode()).decode()}\n" for n, t in told.items())

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
            assert words[6] == "<<K8SBOOT-END", line
            data = base64.b64decode("".join(iter(lines.__next__, "K8SBOOT-END")))
            path, mode, owner, kind, readers = words[1:6]
            if kind != "passing":
                self.keep(path)
                self.ours(path, data, kind, readers.split())
            said.append(self._put(path, int(mode, 8), owner, kind, data))
        self.mutations.append("write")
        return Completed(0, "".join(said).encode(), b"")

    def _put(self, path: str, mode: int, owner: str, kind: str, data: bytes) -> str:
        self.files[path] = FakeFile(data, mode, owner)
        self.events.append(f"write {path}")
        return f"{hashlib.sha256(data).hexdigest()}  -\n"

    # -- commands

    def _run_commands(self, script: str) -> Completed:
        out, err, tidy = "", "", []
        status = 0
        if script.startswith(former.BEGIN):
            notes, _, script = script.removeprefix(former.BEGIN).partition(former.END)
            for words in logical_lines(notes):
                self.note(words)
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
