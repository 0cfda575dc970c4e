"""A flat apt repository, as the build service behind pkgs.k8s.io lays it out: no dists/, all indexes at the top."""

from __future__ import annotations

import gzip
import subprocess
from pathlib import Path

from . import repository, signing


def index(label: str, root: Path, key: Path) -> None:
    """Write Packages, Release with its signatures and Release.key for the packages in root/amd64."""
    packages = _ftparchive(root, "packages", repository.ARCHITECTURE)
    (root / "Packages").write_bytes(packages)
    (root / "Packages.gz").write_bytes(gzip.compress(packages, 6, mtime=0))
    fields = {
        "Origin": f"obs://build.opensuse.org/{label}/deb",
        "Label": label,
        "Suite": "deb",
        "Codename": "deb",
        "Architectures": repository.ARCHITECTURE,
    }
    options = [
        word for name, value in fields.items() for word in ("-o", f"APT::FTPArchive::Release::{name}={value}")
    ]
    release = _ftparchive(root, *options, "release", ".")
    (root / "Release").write_bytes(release)
    signing.sign_release(key, root / "Release")
    (root / "Release.key").write_bytes((key / signing.PUBLIC).read_bytes())


def _ftparchive(root: Path, *arguments: str) -> bytes:
    done = subprocess.run(["apt-ftparchive", *arguments], cwd=root, capture_output=True)
    if done.returncode:
        raise RuntimeError(f"apt-ftparchive {arguments[-2]}: {done.stderr.decode()}")
    return done.stdout
