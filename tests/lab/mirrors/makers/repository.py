"""apt repositories in the layout of the real mirrors: pool/, dists/, signatures."""

from __future__ import annotations

import dataclasses
import gzip
import subprocess
from pathlib import Path

from . import signing

ARCHITECTURE = "amd64"


@dataclasses.dataclass(frozen=True)
class Repository:
    """Where a repository lies below the mirror's root, and what it calls itself."""

    path: str
    suite: str
    component: str
    origin: str


DEBIAN = Repository("debian", "bookworm", "main", "Debian (k8sboot lab mirror)")
DOCKER = Repository("docker-ce/linux/debian", "bookworm", "stable", "Docker (k8sboot lab stand-in)")
KUBERNETES = Repository("kubernetes/apt", "kubernetes-xenial", "main", "Kubernetes (k8sboot lab)")


def index(repository: Repository, root: Path, key: Path) -> None:
    """Write dists/ for the packages in root/pool, signed, and the key as `gpg`."""
    dist = root / "dists" / repository.suite
    binary = dist / repository.component / f"binary-{ARCHITECTURE}"
    binary.mkdir(parents=True)
    packages = _ftparchive(root, "packages", "pool")
    (binary / "Packages").write_bytes(packages)
    (binary / "Packages.gz").write_bytes(gzip.compress(packages, 6, mtime=0))
    fields = {
        "Origin": repository.origin,
        "Label": repository.origin,
        "Suite": repository.suite,
        "Codename": repository.suite,
        "Architectures": ARCHITECTURE,
        "Components": repository.component,
    }
    options = [f"APT::FTPArchive::Release::{name}={value}" for name, value in fields.items()]
    arguments = [word for option in options for word in ("-o", option)]
    release = _ftparchive(root, *arguments, "release", str(dist.relative_to(root)))
    (dist / "Release").write_bytes(release)
    signing.sign_release(key, dist / "Release")
    (root / "gpg").write_bytes((key / signing.PUBLIC).read_bytes())


def _ftparchive(root: Path, *arguments: str) -> bytes:
    done = subprocess.run(["apt-ftparchive", *arguments], cwd=root, capture_output=True)
    if done.returncode:
        raise RuntimeError(f"apt-ftparchive {arguments[-2]}: {done.stderr.decode()}")
    return done.stdout
