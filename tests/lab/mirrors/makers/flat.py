"""A flat apt repository, as the build service behind pkgs.k8s.io lays it out: no dists/, all indexes at the top."""

from __future__ import annotations

from pathlib import Path

from . import ftparchive, repository, signing


def index(label: str, root: Path, key: Path) -> None:
    """Write Packages, Release with its signatures and Release.key for the packages in root/amd64."""
    ftparchive.write_packages(root, repository.ARCHITECTURE, root)
    fields = {
        "Origin": f"obs://build.opensuse.org/{label}/deb",
        "Label": label,
        "Suite": "deb",
        "Codename": "deb",
        "Architectures": repository.ARCHITECTURE,
    }
    ftparchive.write_release(root, ".", fields, key)
    (root / "Release.key").write_bytes((key / signing.PUBLIC).read_bytes())
