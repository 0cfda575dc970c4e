"""The lab on control groups, as this machine mounts them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

LAB = Path(__file__).parents[1] / "lab"


@pytest.fixture
def passing_mount(tmp_path: Path) -> Iterator[Path]:
    """What systemd-nspawn has in /tmp for a moment, while it starts a host."""
    if os.geteuid() != 0:
        pytest.skip("mounting takes root")
    where = tmp_path / "unifiedM7UERc"
    where.mkdir()
    tried = subprocess.run(
        ["mount", "-t", "cgroup2", "none", where], capture_output=True, text=True, check=False
    )
    if tried.returncode:
        pytest.skip(f"no control groups can be mounted here: {tried.stderr.strip()}")
    yield where
    subprocess.run(["umount", where], check=True)


def test_a_host_that_starts_leaves_alone_what_another_mounts_for_a_moment(passing_mount: Path) -> None:
    """Seen in CI: gone between looking and entering, and k8s-node01 did not start."""
    found = _hierarchies()
    assert found
    assert str(passing_mount) not in found
    assert str(passing_mount) in Path("/proc/mounts").read_text()


def _hierarchies() -> list[str]:
    code = "from labkit import cgroups; print(*cgroups.hierarchies(), sep='\\n')"
    env = {**os.environ, "PYTHONPATH": str(LAB)}
    return subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    ).stdout.split()
