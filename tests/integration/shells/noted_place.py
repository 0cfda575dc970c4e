"""A host as far as the lines that note what was, and the question that reads them, see one."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from k8sboot.ensure.restore.notes import NOTED, Notes, parse
from k8sboot.host.files import File, Write
from k8sboot.host.originals import PriorState, note_script
from k8sboot.paths import STATE_DIR

SHELLS = [
    pytest.param(
        words, id=words[0], marks=pytest.mark.skipif(not shutil.which(words[0]), reason=f"no {words[0]}")
    )
    for words in (["dash"], ["bash", "--posix"], ["busybox", "sh"])
]
IN_SHELLS = pytest.mark.parametrize("shell", SHELLS)
OWNER = ":".join(
    subprocess.run(["id", flag], capture_output=True, text=True).stdout.strip() for flag in ("-un", "-gn")
)


class Place:
    """A host as far as the scripts see one: tools that say what files of the test hold."""

    def __init__(self, root: Path) -> None:
        self.root, self.state, self.etc, self.bin = root, root / "state", root / "etc", root / "bin"
        self.etc.mkdir()
        self.bin.mkdir()
        self.says("systemctl", "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\n")
        self.says("getenforce", "Enforcing\n")
        self.says("uname", "old\n")
        self.says("awk", "/dev/sda2\n")
        (root / "proc" / "sys" / "net").mkdir(parents=True)
        self.sysctl.write_text("1\t2\n")

    @property
    def sysctl(self) -> Path:
        return self.root / "proc/sys/net/x"

    def says(self, tool: str, text: str) -> None:
        (self.root / tool).write_text(text)
        (self.bin / tool).write_text(f"#!/bin/sh\ncat {self.root}/{tool}\n")
        (self.bin / tool).chmod(0o755)

    def run(self, shell: list[str], script: str) -> subprocess.CompletedProcess[str]:
        script = script.replace(STATE_DIR, str(self.state)).replace("/proc/sys", f"{self.root}/proc/sys")
        path = f"{self.bin}:{os.environ['PATH']}"
        return subprocess.run(
            shell, input=script, capture_output=True, text=True, env={"PATH": path}, timeout=60
        )

    def note(self, shell: list[str], *states: PriorState, then: str = "echo done") -> str:
        done = self.run(shell, f"{note_script(states)}{then}\n")
        return done.stdout.strip() or f"{done.returncode}: {done.stderr}"

    def notes(self, shell: list[str]) -> Notes:
        done = self.run(shell, f"eval '{NOTED.script.replace(chr(39), chr(39) + chr(92) + chr(39) * 2)}'")
        assert done.returncode == 0, done.stderr
        return parse(done.stdout)

    def write(self, shell: list[str], *files: File) -> subprocess.CompletedProcess[str]:
        return self.run(shell, Write(files).render())

    def put(self, shell: list[str], *files: File) -> None:
        done = self.write(shell, *files)
        assert done.returncode == 0, done.stderr

    def file(self, name: str, content: str, **how: object) -> File:
        return File(f"{self.etc}/{name}", content, **{"owner": OWNER, **how})

    def at(self, path: str) -> Path:
        """Where something of the state lies in this test."""
        return Path(path.replace(STATE_DIR, str(self.state)))

    def tree(self) -> dict[str, tuple[int, int, bytes]]:
        files = [p for p in self.state.rglob("*") if p.is_file()]
        return {str(p): (p.stat().st_ino, p.stat().st_mtime_ns, p.read_bytes()) for p in files}
