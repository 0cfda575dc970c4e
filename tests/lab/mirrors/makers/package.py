"""Debian packages of our own, put together by dpkg-deb."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from pathlib import Path

from . import repository
from .cache import Cache


@dataclasses.dataclass(frozen=True)
class Package:
    """One package: its control fields, its files (path inside -> source), its
    maintainer scripts (name -> source)."""

    name: str
    version: str
    depends: str
    summary: str
    files: dict[str, Path] = dataclasses.field(default_factory=dict)
    scripts: dict[str, Path] = dataclasses.field(default_factory=dict)


def pack(cache: Cache, package: Package, pool: Path) -> None:
    """Write the package's file into a pool."""
    with cache.scratch() as tree:
        _lay_out(tree, package)
        _write(tree, package.name, package.version, pool)


def rename(cache: Cache, source: Path, changes: dict[str, str], pool: Path) -> None:
    """Write an existing package anew, with some of its control fields changed."""
    with cache.scratch() as work:
        tree = work / "tree"
        subprocess.run(["dpkg-deb", "--raw-extract", source, tree], check=True)
        control = tree / "DEBIAN/control"
        lines = [
            line
            for line in control.read_text().splitlines(keepends=True)
            if line.partition(":")[0] not in changes
        ]
        added = [f"{name}: {value}\n" for name, value in changes.items()]
        control.write_text("".join(added + lines))
        _write(tree, changes["Package"], changes["Version"], pool)


def _write(tree: Path, name: str, version: str, pool: Path) -> None:
    file = pool / f"{name}_{version.replace(':', '_')}_{repository.ARCHITECTURE}.deb"
    command = ["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build"]
    subprocess.run([*command, tree, file], check=True, capture_output=True)


def _lay_out(tree: Path, package: Package) -> None:
    """Put a package's files and control data into a directory for dpkg-deb."""
    tree.chmod(0o755)
    for inside, source in package.files.items():
        target = tree / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
        target.chmod(0o755 if source.stat().st_mode & 0o111 else 0o644)
    control = tree / "DEBIAN"
    control.mkdir()
    fields = {
        "Package": package.name,
        "Version": package.version,
        "Architecture": repository.ARCHITECTURE,
        "Maintainer": "k8sboot lab <mirrors@k8sboot.lab>",
        "Section": "misc",
        "Priority": "optional",
        "Depends": package.depends,
        "Description": f"{package.summary} (built by k8sboot's lab)",
    }
    lines = [f"{name}: {value}\n" for name, value in fields.items() if value]
    (control / "control").write_text("".join(lines))
    for script, source in package.scripts.items():
        shutil.copy(source, control / script)
        (control / script).chmod(0o755)
