"""agnhost, which Kubernetes' own tests run in their Pods, and the files of its module that are in images with it."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from pathlib import Path

from . import gomodule, toolchain
from .cache import Cache, fingerprint
from .gomodule import Module

IMPORTED = "k8s.io/kubernetes"
PLACE = "test/images"
FILES = {
    "agnhost": ("agnhost/porter/localhost.crt", "agnhost/porter/localhost.key"),
    "kitten": ("kitten/html/kitten.jpg", "kitten/html/data.json"),
    "nautilus": ("nautilus/html/nautilus.jpg", "nautilus/html/data.json"),
}
"""By image; each is at / in it."""


@dataclasses.dataclass(frozen=True)
class Agnhost:
    """Where agnhost is, and the files: in a directory for each image."""

    program: Path
    files: Path


def make(cache: Cache, kubernetes: str) -> Agnhost:
    """The one of a version of Kubernetes, which there has to be a go.mod for."""
    module = Module("agnhost", kubernetes, {"agnhost": f"{IMPORTED}/{PLACE}/agnhost"})
    with cache.alone(module.name):  # the labs of all versions have it
        program = gomodule.make(cache, module)
    place = gomodule.MODULES / module.name / kubernetes
    key = fingerprint(Path(__file__), program.name)
    files = cache.product(f"agnhost-files-{kubernetes}", key, lambda out: _copy(cache, place, out))
    return Agnhost(program, files)


def _copy(cache: Cache, place: Path, out: Path) -> None:
    go = toolchain.newest(cache)
    argv = [go.go, "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", IMPORTED]
    done = subprocess.run(
        argv, env=go.environment(cache), cwd=place, capture_output=True, text=True, check=True
    )
    for image, names in FILES.items():
        (out / image).mkdir()
        for name in names:
            shutil.copyfile(Path(done.stdout.strip()) / PLACE / name, out / image / Path(name).name)
