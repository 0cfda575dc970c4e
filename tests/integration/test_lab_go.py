"""The lab builds with the Go that it names, not with the one that comes first in PATH."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

MIRRORS = Path(__file__).parents[1] / "lab/mirrors"
BUILD = """
from makers import golang, standins, tools
from makers.cache import Cache
from pathlib import Path
tools.install()
print("version:", golang.version())
print("built:", standins.make(Cache(Path.cwd())))
"""


@pytest.fixture
def false_go_first(tmp_path: Path) -> dict[str, str]:
    """An environment whose PATH begins with a `go` that fails."""
    go = tmp_path / "bin/go"
    go.parent.mkdir()
    go.write_text("#!/bin/sh\necho 'the wrong go was run' >&2\nexit 1\n")
    go.chmod(0o755)
    return {**os.environ, "PATH": f"{go.parent}:{os.environ['PATH']}", "PYTHONPATH": str(MIRRORS)}


@pytest.mark.skipif(
    os.geteuid() != 0 or not Path("/etc/debian_version").exists(), reason="the lab needs root on Debian"
)
def test_a_go_that_comes_first_in_path_builds_nothing(tmp_path: Path, false_go_first: dict[str, str]) -> None:
    assert subprocess.run(["go", "version"], env=false_go_first, check=False).returncode == 1
    done = subprocess.run(
        [sys.executable, "-c", BUILD], cwd=tmp_path, env=false_go_first, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "version: go version go1.19" in done.stdout
    program = Path(done.stdout.rpartition("built: ")[2].strip()) / "standin"
    assert b"go1.19" in program.read_bytes()
