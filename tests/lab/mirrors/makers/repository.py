"""apt repositories in the layout of the real mirrors: pool/, dists/, signatures."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from . import ftparchive, signing

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
    ftparchive.write_packages(root, "pool", binary)
    fields = {
        "Origin": repository.origin,
        "Label": repository.origin,
        "Suite": repository.suite,
        "Codename": repository.suite,
        "Architectures": ARCHITECTURE,
        "Components": repository.component,
    }
    ftparchive.write_release(root, str(dist.relative_to(root)), fields, key)
    (root / "gpg").write_bytes((key / signing.PUBLIC).read_bytes())
