"""Whether apt's lists are fresh: a question in real shells."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from k8sboot.osfamily.debian import LISTS, Debian

SHELLS = [shell for shell in ("dash", "bash") if shutil.which(shell)]
NOW = time.time()
OLD = NOW - 2 * 3600


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("names", "read", "is_fresh"),
    [
        ((), NOW, False),
        (("mirror_main_Packages",), NOW, True),
        (("mirror_main_Packages.lz4",), NOW, True),
        (("mirror_main_Packages",), OLD, False),
        (("lock", "mirror_InRelease"), NOW, False),
    ],
    ids=["none", "just read", "compressed", "read long ago", "none of packages"],
)
def test_lists_are_as_fresh_as_their_last_reading_however_old_the_servers_are(
    shell, names, read, is_fresh, tmp_path: Path
):
    folder = tmp_path / "lists"
    folder.mkdir()
    for name in names:
        (folder / name).touch()
        os.utime(folder / name, (OLD, OLD))
    os.utime(folder, (read, read))
    script = Debian.lists_are_fresh.script.replace(LISTS, str(folder))
    assert (subprocess.run([shell, "-c", script], check=False).returncode == 0) == is_fresh


def test_lists_that_are_not_there_are_not_fresh(tmp_path: Path):
    script = Debian.lists_are_fresh.script.replace(LISTS, str(tmp_path / "nowhere"))
    assert subprocess.run(["sh", "-c", script], check=False, stderr=subprocess.DEVNULL).returncode != 0
