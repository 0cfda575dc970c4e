"""Repositories that apt and yum both read at one address, for clusters of both families.

An inventory names one URL a repository; below /mixed/ dists/ and repodata/ lie side by side.
"""

from __future__ import annotations

from pathlib import Path

from . import yumdocker, yumkubernetes
from .cache import Cache, fingerprint

PATH = "mixed"
OF_APT = ("dists", "pool", "gpg")
OF_YUM = ("Packages", "repodata")


def make(cache: Cache, apt: dict[str, Path], yum: dict[str, Path]) -> Path:
    """The root of all of them, served under PATH; apt and yum are products by the repository's name."""
    below = {"docker": yumdocker.REPOSITORY, "kubernetes": yumkubernetes.REPOSITORY}
    names = sorted((name, apt[name].name, yum[name].name) for name in below)

    def fill(out: Path) -> None:
        for name, path in below.items():
            (out / name).mkdir()
            for entry in OF_APT:
                (out / name / entry).symlink_to(f"../../{apt[name].name}/{entry}")
            for entry in OF_YUM:
                (out / name / entry).symlink_to(f"../../{yum[name].name}/{path}/{entry}")

    return cache.product("mixed", fingerprint(Path(__file__), names), fill)
