"""The indexes of an apt repository, by apt-ftparchive."""

from __future__ import annotations

import gzip
import subprocess
from collections.abc import Mapping
from pathlib import Path

from . import signing


def write_packages(root: Path, folder: str, into: Path) -> None:
    """Write Packages, also compressed, for the packages in this folder of root."""
    packages = _ftparchive(root, "packages", folder)
    (into / "Packages").write_bytes(packages)
    (into / "Packages.gz").write_bytes(gzip.compress(packages, 6, mtime=0))


def write_release(root: Path, folder: str, fields: Mapping[str, str], key: Path) -> None:
    """Write Release with these fields and its signatures into this folder of root, for the indexes in it."""
    options = [
        word for name, value in fields.items() for word in ("-o", f"APT::FTPArchive::Release::{name}={value}")
    ]
    path = root / folder / "Release"
    path.write_bytes(_ftparchive(root, *options, "release", folder))
    signing.sign_release(key, path)


def _ftparchive(root: Path, *arguments: str) -> bytes:
    done = subprocess.run(["apt-ftparchive", *arguments], cwd=root, capture_output=True)
    if done.returncode:
        raise RuntimeError(f"apt-ftparchive {arguments[-2]}: {done.stderr.decode()}")
    return done.stdout
