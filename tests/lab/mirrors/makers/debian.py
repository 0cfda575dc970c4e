"""Mirrors of Debian's packages that hosts install, with all they depend on."""

from __future__ import annotations

import os
from pathlib import Path

from . import apt, repository
from .cache import Cache, fingerprint, say

UTILITIES = (
    "apt-transport-https", "ca-certificates", "chrony", "conntrack", "cron", "curl",
    "ebtables", "ethtool", "git", "gnupg", "gpgv", "iproute2", "ipset", "iptables", "iputils-ping",
    "ipvsadm", "jq", "kmod", "less", "libseccomp2", "locales", "logrotate", "lsb-release",
    "lsof", "lvm2", "mount", "net-tools", "openssh-client", "openssl", "procps", "psmisc",
    "python3-minimal", "rsync", "rsyslog", "socat", "software-properties-common", "sysstat",
    "telnet", "tzdata", "unzip", "util-linux", "vim", "vim-tiny", "wget",
)
DOCKER = ("docker.io", "containerd", "runc")


def make(cache: Cache, key: Path) -> tuple[Path, Path]:
    """The roots of the Debian and the Docker repositories."""
    utilities = _mirror(cache, key, repository.DEBIAN, UTILITIES)
    return utilities, _mirror(cache, key, repository.DOCKER, DOCKER)


def _mirror(
    cache: Cache, key: Path, place: repository.Repository, packages: tuple[str, ...]
) -> Path:
    here = Path(__file__)
    scripts = [here, here.with_name("apt.py"), here.with_name("repository.py")]
    name = "apt-" + place.path.partition("/")[0]
    product_key = fingerprint(*scripts, key.name, packages)
    return cache.product(name, product_key, lambda out: _fill(cache, out, key, place, packages))


def _fill(
    cache: Cache, out: Path, key: Path, place: repository.Repository, packages: tuple[str, ...]
) -> None:
    """Download what apt would install on a machine that has nothing yet."""
    with cache.scratch() as work:
        client = apt.debian_apt(work)
        say(f"{place.path}: downloading {len(packages)} packages and what they need")
        client.run("install", "--no-install-recommends", "--download-only", *packages)
        pool = out / "pool" / place.component
        pool.mkdir(parents=True)
        for package in sorted((work / "cache/archives").glob("*.deb")):
            os.rename(package, pool / package.name.replace("%3a", "_"))
    repository.index(place, out, key)
