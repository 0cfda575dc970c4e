"""The program of the pause image."""

from __future__ import annotations

import subprocess
from pathlib import Path

from .cache import Cache, fingerprint
from .tools import versions

SOURCE = Path(__file__).parent.parent / "pause/pause.c"


def make(cache: Cache) -> Path:
    """The directory that holds the program `pause`, linked statically."""
    key = fingerprint(Path(__file__), SOURCE, versions("gcc", "libc6-dev"))
    return cache.product("pause", key, _build)


def _build(out: Path) -> None:
    subprocess.run(["gcc", "-static", "-Os", "-s", "-o", out / "pause", SOURCE], check=True)
