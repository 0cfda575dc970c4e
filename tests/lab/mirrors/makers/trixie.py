"""Debian 13's tools for images: its nft is 1.1. With the 1.0.6 of Debian 12, kube-proxy loses Services."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from pathlib import Path

from . import apt
from .cache import Cache, fingerprint, say

SUITE = "trixie"
PACKAGES = ("conntrack", "ipset", "iptables", "kmod", "netbase", "nftables")
MERGED = ("bin", "lib", "lib64", "sbin")
SPARED = ("etc/apt", "usr/share/doc", "usr/share/locale", "usr/share/man", "usr/share/perl5", "var")


def make(cache: Cache, name: str = "trixie-tools", packages: tuple[str, ...] = PACKAGES) -> Path:
    """A directory with the packages and what they need, unpacked; kube-proxy's unless said."""
    key = fingerprint(Path(__file__), Path(apt.__file__), packages)
    return cache.product(name, key, lambda out: _fill(cache, out, name, packages))


def _fill(cache: Cache, out: Path, name: str, packages: tuple[str, ...]) -> None:
    for each in MERGED:
        (out / "usr" / each).mkdir(parents=True)
        (out / each).symlink_to(f"usr/{each}")
    say(f"{name}: downloading {len(packages)} packages and what they need")
    with cache.scratch() as work:
        main = [source for source in apt.debian_sources() if source.suite == apt.codename()]
        lines = [dataclasses.replace(source, suite=SUITE).line("deb") for source in main]
        client = apt.Apt(work, "\n".join(lines) + "\n")
        client.run("update")
        client.run("install", "--no-install-recommends", "--download-only", *packages)
        for package in sorted((work / "cache/archives").glob("*.deb")):
            subprocess.run(["dpkg-deb", "--extract", package, work / "tree"], check=True)
        for link in (work / "tree" / each for each in MERGED):
            if link.is_symlink():
                link.unlink()  # base-files has these as well
        shutil.copytree(work / "tree", out, symlinks=True, dirs_exist_ok=True)
    for each in SPARED:
        shutil.rmtree(out / each, ignore_errors=True)
