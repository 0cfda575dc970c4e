"""yum repositories in the layout of the real mirrors: Packages/, repodata/, signatures."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import rpmsigning, signing
from .cache import Cache, say
from .rpm import Rpm, pack

Maker = Callable[[Path], Rpm]
"""Lays a package's files out in the directory it is given, and says the rest."""

PACKAGES = "Packages"
WORKERS = 2


def fill(cache: Cache, root: Path, key: Path, made: Iterable[Maker]) -> None:
    """Make the packages and their signed index in root."""
    packages = root / PACKAGES
    packages.mkdir(parents=True)

    def one(make: Maker) -> None:
        with cache.scratch() as tree:
            pack(cache, make(tree), packages)

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(one, made))
    index(root, key)
    say(f"{len(list(packages.iterdir()))} packages in {root.relative_to(cache.products)}")


def index(root: Path, key: Path) -> None:
    """Sign what is in Packages/ and write repodata/ for it."""
    rpmsigning.sign_packages(key, sorted((root / PACKAGES).glob("*.rpm")))
    command = ["createrepo_c", "--quiet", "--no-database", str(root)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}:\n{done.stdout}")
    rpmsigning.sign_index(key, root / "repodata/repomd.xml")


def put_key(key: Path, path: Path) -> None:
    """The lab's public key where a real mirror has its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((key / signing.PUBLIC).read_bytes())


def stating(rpm: Rpm) -> Maker:
    """A maker of a package that is all there: without files, or with its own tree."""
    return lambda _tree: rpm


def holding(rpm: Rpm, files: dict[str, Path]) -> Maker:
    """A maker of a package whose files are copied from elsewhere (path inside -> source)."""

    def make(tree: Path) -> Rpm:
        for inside, source in files.items():
            (tree / inside).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, tree / inside)
            (tree / inside).chmod(0o755 if source.stat().st_mode & 0o111 else 0o644)
        return dataclasses.replace(rpm, tree=tree)

    return make
