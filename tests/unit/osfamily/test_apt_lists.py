"""Whether apt's lists are fresh: a question in real shells."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from k8sboot.osfamily.debian import LISTS_READ, Debian

SHELLS = [shell for shell in ("dash", "bash") if shutil.which(shell)]
OLD = time.time() - 2 * 3600


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("lists", "mark", "is_fresh"),
    [
        (None, None, False),
        (OLD, None, False),
        (time.time(), None, True),
        (OLD, time.time(), True),
        (OLD, OLD, False),
    ],
    ids=["none", "of yesterday's server", "just read by apt", "read by k8sboot", "read long ago"],
)
def test_lists_are_as_fresh_as_their_last_reading(shell, lists, mark, is_fresh, tmp_path: Path):
    folder = tmp_path / "var/lib/apt/lists"
    folder.mkdir(parents=True)
    for path, when in ((folder / "mirror_main_Packages", lists), (tmp_path / "mark", mark)):
        if when is not None:
            path.touch()
            os.utime(path, (when, when))
    script = Debian.lists_are_fresh.script.replace(LISTS_READ, str(tmp_path / "mark")).replace(
        "/var/", f"{tmp_path}/var/"
    )
    assert (subprocess.run([shell, "-c", script], check=False).returncode == 0) == is_fresh
