"""Run Debian's Go so that what it built once is found again."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


def environment(cache_root: Path, **settings: str) -> dict[str, str]:
    """The environment of a build: static, offline, its cache inside ours."""
    own = {
        "CGO_ENABLED": "0",
        "GOFLAGS": "",
        "GOTOOLCHAIN": "local",
        "GOPROXY": "off",
        "GOCACHE": str(cache_root / "go-build"),
        "GOMAXPROCS": str(os.cpu_count() or 1),
    }
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GO", "CGO"))}
    return {**kept, **own, **settings}


def run(arguments: list[str], env: dict[str, str], cwd: Path) -> None:
    """Run a command of the build; its output shows only when it fails."""
    done = subprocess.run(
        arguments, env=env, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        tail = "\n".join(done.stdout.splitlines()[-20:])
        raise RuntimeError(f"{' '.join(arguments[:3])} ...:\n{tail}")
