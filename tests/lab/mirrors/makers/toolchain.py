"""The newest Go of this machine, for programs that are built from Go modules.

It is found by its path, never by PATH. Where it is too old, it fetches a newer one itself (GOTOOLCHAIN); where there is
none that can, Debian's backports have one, which is unpacked into the cache.
"""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
from pathlib import Path

from . import apt
from .cache import Cache, fingerprint, say

NEEDED = "1.26.8"
FETCHES_OTHERS = (1, 21)
PACKAGES = ("golang-1.23-go", "golang-1.23-src")
PLACES = ("usr/local/go/bin/go", "usr/lib/go-*/bin/go")
MACHINES_OWN = ("GOPROXY", "GONOPROXY", "GOPRIVATE", "GOSUMDB", "GONOSUMDB", "GOINSECURE")
"""Settings of the administrator's: where modules come from."""


@dataclasses.dataclass(frozen=True)
class Toolchain:
    """A Go: its program, and the settings that make it the version needed."""

    go: Path
    settings: dict[str, str]

    def version(self, cache: Cache) -> str:
        """What it says of itself: a part of the key of everything that it builds."""
        done = subprocess.run(
            [self.go, "version"], env=self.environment(cache), capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def environment(self, cache: Cache, **settings: str) -> dict[str, str]:
        """The environment of a build: static, with modules and results in the cache."""
        own = {
            "CGO_ENABLED": "0",
            "GOFLAGS": "",
            "GOWORK": "off",
            "GOCACHE": str(cache.root / "go-build"),
            "GOMODCACHE": str(cache.root / "go-mod"),
        }
        kept = {k: v for k, v in os.environ.items() if k in MACHINES_OWN or not k.startswith(("GO", "CGO"))}
        path = f"{self.go.parent}:{os.environ.get('PATH', os.defpath)}"
        return {**kept, **own, **self.settings, "PATH": path, **settings}


def newest(cache: Cache) -> Toolchain:
    """The newest Go of this machine, or one from Debian's backports."""
    versions = {_version(go): go for go in _installed(Path("/"))}
    found = max(versions, default=())
    if found >= tuple(map(int, NEEDED.split("."))):
        return Toolchain(versions[found], {"GOTOOLCHAIN": "local"})
    go = versions[found] if found >= FETCHES_OTHERS else _unpacked(cache)
    return Toolchain(go, {"GOTOOLCHAIN": f"go{NEEDED}"})


def _installed(root: Path) -> list[Path]:
    return [go for place in PLACES for go in sorted(root.glob(place))]


def _version(go: Path) -> tuple[int, ...]:
    environment = {**os.environ, "GOTOOLCHAIN": "local"}
    done = subprocess.run([go, "version"], env=environment, capture_output=True, text=True, check=True)
    found = re.search(r"go(\d[\d.]*)", done.stdout)
    return tuple(map(int, found[1].rstrip(".").split("."))) if found else ()


def _unpacked(cache: Cache) -> Path:
    key = fingerprint(Path(__file__), Path(apt.__file__))
    (go,) = _installed(cache.product("golang", key, lambda out: _unpack(cache, out)))
    return go


def _unpack(cache: Cache, out: Path) -> None:
    suite = f"{apt.codename()}-backports"
    say(f"golang: downloading {', '.join(PACKAGES)}")
    with cache.scratch() as work:
        client = apt.debian_apt(work, suite)
        client.run("download", *(f"{name}/{suite}" for name in PACKAGES), cwd=work)
        for package in work.glob("golang-*.deb"):
            subprocess.run(["dpkg-deb", "--extract", package, out], check=True)
