"""The lab on control groups, as this machine mounts them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

LAB = Path(__file__).parents[1] / "lab"
CPUSET = Path("/sys/fs/cgroup/cpuset")


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
    found = _with_cgroups("print(*cgroups.hierarchies())")
    assert found
    assert str(passing_mount) not in found
    assert str(passing_mount) in Path("/proc/mounts").read_text()


@pytest.fixture
def half_made() -> Iterator[str]:
    """A group that another host is about to make: it has its processors, and no memory yet."""
    if os.geteuid() != 0 or not (CPUSET / "cpuset.mems").exists():
        pytest.skip("control groups v1 with a cpuset, and root")
    name = f"k8sboot-test-{os.getpid()}"
    (CPUSET / name).mkdir()
    (CPUSET / name / "cgroup.clone_children").write_text("1")
    (CPUSET / name / "cpuset.cpus").write_text((CPUSET / "cpuset.cpus").read_text())
    yield name
    _with_cgroups(f"assert cgroups.remove({name!r})")


def test_hosts_that_start_together_find_upper_groups_half_made(half_made: str) -> None:
    """Seen on the lab: no memory in the group, "No space left on device", and k8s-master01 did not start."""
    told = _with_cgroups(f"cgroups.enter({half_made + '/host'!r}); print(*cgroups.processes({half_made!r}))")
    assert told[0].isdigit()


def _with_cgroups(code: str) -> list[str]:
    """The words that code prints in a process of its own."""
    command = [sys.executable, "-c", f"from labkit import cgroups; {code}"]
    env = {**os.environ, "PYTHONPATH": str(LAB)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()
