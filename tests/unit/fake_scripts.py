"""What scripts that write files or run commands do to a fake host."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping

from fake_rows import fields_of, rows
from fake_shell import joined, plain, plain_words
from fake_state import FakeFile, FakeUnit, Reply, unit_of
from fake_yum import YumCommands

from k8sboot.host.files import File, Write, copy_path, kind_of, part_path
from k8sboot.host.script import FAILED
from k8sboot.host.script import Commands as Request
from k8sboot.paths import RESTART_DIR
from k8sboot.ssh.connection import Completed

READING = (
    "apt-cache",
    "apt-get -s",
    "curl",
    "sh -c",
    "timeout 5 bash -c",
    "yum -C --assumeno",
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


class Scripts(YumCommands):
    """Files are written, and commands run."""

    def _write(self, script: Write) -> Completed:
        said = "".join(self._put(file) for file in script.files)
        self.mutations.append("write")
        return Completed(0, said.encode(), b"")

    def _put(self, file: File) -> str:
        self.files.update({f"{RESTART_DIR}/{unit}": FakeFile() for unit in file.restarts})
        if (kind := kind_of(file)) != "passing":
            self.keep(file.path)
            self.ours(file.path, file.data, kind, file.readers, file.part)
        elif file.is_edited:
            self.keep(file.path)
            self.files[copy_path(file.path)] = FakeFile(file.data)
            self.files[part_path(file.path)] = FakeFile(file.part.encode())
        self.files[file.path] = FakeFile(file.data, file.mode, file.owner)
        if unit := unit_of(file.path):
            self.units.setdefault(unit, FakeUnit())
        self.events.append(f"write {file.path}")
        return f"{file.state.sha256}  -\n"

    def _run_commands(self, script: Request) -> Completed:
        out, err, status = "", "", 0
        for state in script.states:
            self.note(state)
        for index, command in enumerate(script.commands):
            status, more_out, more_err = self._command(list(command))
            out, err = out + more_out, err + more_err
            if status:
                err += f"{FAILED}{index}\n"
                break
        for path in script.remove:
            self.files.pop(path, None)
        return Completed(status, out.encode("utf-8", "surrogateescape"), err.encode())

    def _command(self, words: list[str]) -> Reply:
        line, bare = joined(words), plain(words)
        self.commands.append(line)
        self.events.append(line)
        if not bare.startswith(READING):
            self.mutations.append(line)
        if (said := self._canned(bare, words)) is not None:
            return said
        handler = getattr(self, "_do_" + plain_words(words)[0].rpartition("/")[2].replace("-", "_"), None)
        if handler is None and self._is_program(words[0]):
            return 0, "", ""
        if handler is None:
            raise self._unknown(line)
        said = handler(plain_words(words)[1:])
        return (0, "", "") if said is None else said if isinstance(said, tuple) else (0, said, "")

    def _is_program(self, path: str) -> bool:
        """A file that may be executed, such as one that a phase has written: what it does is the test's to say."""
        found = self.files.get(path)
        return isinstance(found, FakeFile) and bool(found.mode & 0o100)

    def _canned(self, line: str, words: list[str]) -> Reply | None:
        keys = [
            key
            for key in _by_command(tuple(self.answers)).get(_command_of(line), ())
            if line.startswith(key) and line[len(key) : len(key) + 1] in ("", " ")
        ]
        return _as_asked(self._reply(max(keys, key=len), words), words) if keys else None


@functools.lru_cache(maxsize=64)
def _by_command(keys: tuple[str, ...]) -> Mapping[str, list[str]]:
    """Beginnings of command lines by the command."""
    found: dict[str, list[str]] = {}
    for key in keys:
        found.setdefault(_command_of(key), []).append(key)
    return found


def _command_of(line: str) -> str:
    return line.partition(" ")[0]


def _as_asked(said: Reply, words: list[str]) -> Reply:
    """A list of objects as the fields that kubectl was asked for."""
    if not said[1].startswith("{") or not (fields := fields_of(words)):
        return said
    return said[0], rows(json.loads(said[1])["items"], fields), said[2]
