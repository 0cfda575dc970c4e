"""Mirrors of Debian's packages that hosts install, with all they depend on."""

from __future__ import annotations

from pathlib import Path

from . import apt, dockerce, repository
from .cache import Cache, fingerprint, say

UTILITIES = (
    "apt-transport-https",
    "ca-certificates",
    "chrony",
    "conntrack",
    "cron",
    "curl",
    "ebtables",
    "ethtool",
    "git",
    "gnupg",
    "gpgv",
    "iproute2",
    "ipset",
    "iptables",
    "iputils-ping",
    "ipvsadm",
    "jq",
    "kmod",
    "less",
    "libseccomp2",
    "locales",
    "logrotate",
    "lsb-release",
    "lsof",
    "lvm2",
    "mount",
    "net-tools",
    "openssh-client",
    "openssl",
    "procps",
    "psmisc",
    "python3-minimal",
    "rsync",
    "rsyslog",
    "socat",
    "software-properties-common",
    "sysstat",
    "telnet",
    "tzdata",
    "unzip",
    "util-linux",
    "vim",
    "vim-tiny",
    "wget",
)
DOCKER = ("docker.io", "containerd", "runc")


def make(cache: Cache, key: Path) -> tuple[Path, Path]:
    """The roots of the Debian and the Docker repositories."""
    utilities = _mirror(cache, key, repository.DEBIAN, UTILITIES)
    return utilities, _mirror(cache, key, repository.DOCKER, DOCKER)


def _mirror(cache: Cache, key: Path, place: repository.Repository, wanted: tuple[str, ...]) -> Path:
    here = Path(__file__)
    names = ("apt.py", "dockerce.py", "package.py", "repository.py")
    product_key = fingerprint(here, *(here.with_name(name) for name in names), key.name)

    def fill(out: Path) -> None:
        pool = out / "pool" / place.component
        pool.mkdir(parents=True)
        say(f"{place.path}: downloading {len(wanted)} packages and what they need")
        _download(cache, wanted, pool)
        if place is repository.DOCKER:
            dockerce.add(cache, pool)
        repository.index(place, out, key)

    return cache.product("apt-" + place.path.partition("/")[0], product_key, fill)


def _download(cache: Cache, wanted: tuple[str, ...], pool: Path) -> None:
    """Fetch what apt would install on a machine that has nothing yet."""
    with cache.scratch() as work:
        client = apt.debian_apt(work)
        client.run("install", "--no-install-recommends", "--download-only", *wanted)
        for package in sorted((work / "cache/archives").glob("*.deb")):
            package.rename(pool / package.name.replace("%3a", "_"))
