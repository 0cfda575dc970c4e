"""What scripts that write files or run commands do to a fake host."""

from __future__ import annotations

import base64
import hashlib
import shlex

from fake_commands import Commands
from fake_shell import logical_lines, plain, plain_words
from fake_state import FakeFile, Reply
from fake_yum import YumCommands

from k8sboot.host import files, originals
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


class Scripts(Commands, YumCommands):
    """Scripts as k8sboot.writing and k8sboot.chain make them."""

    # -- writes

    def _write(self, script: str) -> Completed:
        said = []
        lines = iter(script.removeprefix(files.HEAD).splitlines())
        for line in lines:
            words = shlex.split(line)
            if words[0] in ("mkdir", "touch"):
                self.files.update({mark: FakeFile() for mark in words[1:] if words[0] == "touch"})
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
        begin, end = originals.note_script([originals.PriorState("unit", "@")]).split("was unit @ ''\n")
        if script.startswith(begin):
            notes, _, script = script.removeprefix(begin).partition(end)
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
