"""Which settings were changed since a unit started, asked by the shells of both families.

Not by busybox: its shell prefers its own date, which no host of ours has.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from k8sboot.host.snapshot import Answer
from k8sboot.host.unread_settings import unread
from k8sboot.runtime.containerd import UNREAD

UNIT = "containerd.service"
CONFIG = "etc/containerd/config.toml"
FILES = (
    CONFIG,
    "etc/containerd/conf.d/a.toml",
    f"etc/systemd/system/{UNIT}.d/mine.conf",
    f"run/systemd/system/{UNIT}.d/mine.conf",
    f"etc/systemd/system/{UNIT}",
)
SHELLS = [w for w in (["dash"], ["bash", "--posix"]) if shutil.which(w[0])]
pytestmark = pytest.mark.parametrize("shell", SHELLS, ids=lambda w: w[0])


class Asked:
    """A host of files, all older than its containerd, which runs for 100 s. stamp, monotonic: what systemd noted."""

    def __init__(self, root: Path) -> None:
        self.root, self.now = root, int(time.time())
        up = float(Path("/proc/uptime").read_text().split()[0])
        self.stamp, self.monotonic = self.now - 100, int((up - 100) * 1_000_000)
        self.name, self.active = "StateChange", "active"
        for path in FILES:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text('imports = ["conf.d/*.toml"]\n')
            self.age(path, 200)

    def age(self, path: str, seconds: int) -> None:
        os.utime(self.root / path, (0, self.now - seconds))

    def unread(self, shell: list[str]) -> list[str]:
        fake = self.root / "systemctl"
        noted = time.strftime("%a %Y-%m-%d %H:%M:%S UTC", time.gmtime(self.stamp))
        fake.write_text(
            f'#!/bin/sh\n[ "$TZ" = UTC0 ] || exit 9\n'
            f'case "$*" in *{UNIT}) ;; *) echo ActiveState=inactive; exit ;; esac\n'
            f"echo ActiveState={self.active}\necho {self.name}Timestamp={noted}\n"
            f"echo {self.name}TimestampMonotonic={self.monotonic}\n"
        )
        fake.chmod(0o755)
        script = UNREAD.script.replace(" /etc/", f" {self.root}/etc/").replace(" /run/", f" {self.root}/run/")
        env = {"PATH": f"{self.root}:/usr/bin:/bin", "TZ": "Asia/Shanghai"}
        done = subprocess.run(
            shell, input=script, capture_output=True, text=True, env=env, timeout=300, check=True
        )
        return [
            each.removeprefix(f"{self.root}/") for each in unread({UNREAD.name: Answer(0, done.stdout)}, UNIT)
        ]


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    return Asked(tmp_path)


@pytest.mark.parametrize("name", ["StateChange", "ActiveEnter"])
def test_what_is_younger_than_the_start_is_unread(shell, asked, name):
    asked.name = name
    assert asked.unread(shell) == []
    for path in FILES:
        asked.age(path, 50)
    assert sorted(asked.unread(shell)) == sorted(FILES)
    asked.active = "activating"
    assert asked.unread(shell) == []


def test_a_file_of_the_second_of_the_start_or_from_the_future_is_not(shell, asked):
    asked.age(CONFIG, 100)
    assert asked.unread(shell) == []
    asked.age(CONFIG, -3600)
    assert asked.unread(shell) == []


@pytest.mark.parametrize("hours", [-8, 8])
def test_where_the_clock_was_stepped_after_the_start_the_later_start_counts(shell, asked, hours):
    asked.stamp += hours * 3600
    asked.age(CONFIG, 3600)
    assert asked.unread(shell) == []
    asked.age(CONFIG, 20)
    assert asked.unread(shell) == ([CONFIG] if hours < 0 else [])
