"""The lab's stand-ins for add-ons: one static Go program of our own."""

from __future__ import annotations

from pathlib import Path

from . import golang
from .cache import Cache, fingerprint

SOURCE = Path(__file__).parent.parent / "standins"


def make(cache: Cache) -> Path:
    """The directory that holds the program `standin`."""
    key = fingerprint(Path(__file__), SOURCE, golang.version())
    return cache.product("standins", key, lambda out: _build(cache, out))


def _build(cache: Cache, out: Path) -> None:
    env = golang.environment(cache.root, GO111MODULE="on")
    build = [str(golang.GO), "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w"]
    golang.run([*build, "-o", str(out / "standin"), "."], env, SOURCE)
