"""Programs built from Go modules: the versions and checksums are in ../modules/NAME/VERSION."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

from . import golang, toolchain
from .cache import Cache, fingerprint, say

MODULES = Path(__file__).parent.parent / "modules"


@dataclasses.dataclass(frozen=True)
class Module:
    """What is built of a module.

    packages: the import path of each program, by its name. stamp: variables that the linker sets.
    links_c: linked with C libraries of this machine, statically.
    """

    name: str
    version: str
    packages: dict[str, str]
    stamp: dict[str, str] = dataclasses.field(default_factory=dict)
    tags: str = ""
    links_c: bool = False


def make(cache: Cache, module: Module, *more: object) -> Path:
    """The directory of the module's programs. more: what else they are made from."""
    go = toolchain.newest(cache)
    sources = [_place(module), *sorted((MODULES / module.name).glob("*.go"))]
    key = fingerprint(Path(__file__), go.version(cache), *sources, module, *more)
    return cache.product(f"{module.name}-{module.version}", key, lambda out: _build(cache, go, module, out))


def _place(module: Module) -> Path:
    return MODULES / module.name / module.version


def _build(cache: Cache, go: toolchain.Toolchain, module: Module, out: Path) -> None:
    """Build all programs in one go: they share most of what they are made of."""
    say(f"{module.name}: building {', '.join(module.packages)} {module.version}")
    with cache.scratch() as work:
        for source in (*_place(module).iterdir(), *(MODULES / module.name).glob("*.go")):
            shutil.copy(source, work)
        built = work / "built"
        built.mkdir()
        env = go.environment(cache, CGO_ENABLED="1" if module.links_c else "0")
        golang.run([str(go.go), *_arguments(module), f"{built}/", *module.packages.values()], env, work)
        for name, package in module.packages.items():
            shutil.move(built / _program(package), out / name)


def _arguments(module: Module) -> list[str]:
    linker = ["-s", "-w", *(f"-X {name}={value}" for name, value in module.stamp.items())]
    if module.links_c:
        linker += ["-linkmode external", "-extldflags -static"]
    flags = ["-mod=readonly", "-trimpath", "-buildvcs=false", "-tags", module.tags]
    return ["build", *flags, "-ldflags", " ".join(linker), "-o"]


def _program(package: str) -> str:
    """What Go calls a package's program: the last part of its path that is no version."""
    parts = [part for part in package.split("/") if part != "." and not part[1:].isdigit()]
    return parts[-1] if parts else "modules"
