"""Kubernetes' own end-to-end tests, and ginkgo, which runs several of them at once."""

from __future__ import annotations

import shutil
from pathlib import Path

from . import golang, gomodule, toolchain
from .cache import Cache, fingerprint, say
from .gomodule import Module

NAME = "e2e"
SUITE, RUNNER = "e2e.test", "ginkgo"
PACKAGE = "k8s.io/kubernetes/test/e2e"
RUNNER_PACKAGE = "github.com/onsi/ginkgo/v2/ginkgo"
FLAGS = ("-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w")


def make(cache: Cache, kubernetes: Module) -> Path:
    """The directory of both programs, of a Kubernetes that there is a go.mod of its tests for."""
    go = toolchain.newest(cache)
    place = gomodule.MODULES / NAME / kubernetes.version
    key = fingerprint(Path(__file__), go.version(cache), *sorted(place.iterdir()), kubernetes.stamp)
    name = f"{NAME}-{kubernetes.version}"
    return cache.product(name, key, lambda out: _build(cache, go, place, kubernetes, out))


def _build(cache: Cache, go: toolchain.Toolchain, place: Path, kubernetes: Module, out: Path) -> None:
    """Tests read the version that is stamped; vet alone would take ten minutes."""
    say(f"{NAME}: building {SUITE}, {RUNNER} {kubernetes.version}")
    with cache.scratch() as work:
        for source in place.iterdir():
            shutil.copy(source, work)
        env = go.environment(cache)
        stamp = [f"-X {name}={value}" for name, value in kubernetes.stamp.items()]
        stamped = (*FLAGS[:-1], " ".join([FLAGS[-1], *stamp]))
        golang.run([str(go.go), "build", *FLAGS, "-o", str(out / RUNNER), RUNNER_PACKAGE], env, work)
        test = [str(go.go), "test", "-vet=off", "-c", *stamped, "-o", str(out / SUITE), PACKAGE]
        golang.run(test, env, work)
