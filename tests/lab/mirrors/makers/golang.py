"""Run one Go, Debian's 1.19, whatever `go` comes first in PATH.

Kubernetes 1.20 builds with a newer Go, but does not work: `kubeadm init` then ends with `invalid IP-literal`.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

PACKAGE = "golang-1.19-go"
GO = Path("/usr/lib/go-1.19/bin/go")


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
    path = f"{GO.parent}:{os.environ.get('PATH', os.defpath)}"
    return {**kept, **own, "PATH": path, **settings}


def version() -> str:
    """What this Go says of itself: a part of the key of everything that it builds. Raises OSError without it."""
    return subprocess.run([GO, "version"], capture_output=True, text=True, check=True).stdout.strip()


def run(arguments: list[str], env: dict[str, str], cwd: Path) -> None:
    """Run a command of the build; its output shows only when it fails."""
    done = subprocess.run(
        arguments, env=env, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        tail = "\n".join(done.stdout.splitlines()[-20:])
        raise RuntimeError(f"{' '.join(arguments[:3])} ...:\n{tail}")
