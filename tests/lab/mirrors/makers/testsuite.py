"""Kubernetes' own end-to-end tests, and ginkgo, which runs several of them at once."""

from __future__ import annotations

import shutil
from pathlib import Path

from . import golang, gomodule, toolchain
from .cache import Cache, fingerprint, say

NAME = "e2e"
SUITE, RUNNER = "e2e.test", "ginkgo"
PACKAGE = "k8s.io/kubernetes/test/e2e"
RUNNER_PACKAGE = "github.com/onsi/ginkgo/v2/ginkgo"
FLAGS = ("-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w")
VERSION = "k8s.io/component-base/version.gitVersion"


def make(cache: Cache, version: str) -> Path:
    """The directory of both programs, of a version of Kubernetes that there is a go.mod for."""
    go = toolchain.newest(cache)
    place = gomodule.MODULES / NAME / version
    key = fingerprint(Path(__file__), go.version(cache), *sorted(place.iterdir()))
    return cache.product(f"{NAME}-{version}", key, lambda out: _build(cache, go, place, version, out))


def _build(cache: Cache, go: toolchain.Toolchain, place: Path, version: str, out: Path) -> None:
    """vet alone would take ten minutes."""
    say(f"{NAME}: building {SUITE}, {RUNNER} {version}")
    with cache.scratch() as work:
        for source in place.iterdir():
            shutil.copy(source, work)
        env = go.environment(cache)
        stamped = (*FLAGS[:-1], f"{FLAGS[-1]} -X {VERSION}=v{version}")
        golang.run([str(go.go), "build", *FLAGS, "-o", str(out / RUNNER), RUNNER_PACKAGE], env, work)
        test = [str(go.go), "test", "-vet=off", "-c", *stamped, "-o", str(out / SUITE), PACKAGE]
        golang.run(test, env, work)
