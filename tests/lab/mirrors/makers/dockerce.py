"""The packages of Docker's own repository, made of Debian's: same names, same roles.

docker-ce is docker.io under the other name, as docker.io refuses to stand beside
a package of that name; the other two only lead to Debian's.
"""

from __future__ import annotations

from pathlib import Path

from .cache import Cache, say
from .package import Package, pack, rename

VERSION = "5:20.10.24~3-0~debian-bookworm"
LEADING = (
    Package("docker-ce-cli", VERSION, "", "Stand-in: docker-ce holds the client"),
    Package("containerd.io", "1.6.20-1", "containerd, runc", "Stand-in: leads to containerd"),
)


def add(cache: Cache, pool: Path) -> None:
    """Put the three packages next to Debian's in a pool."""
    say(f"docker-ce: {VERSION} out of docker.io")
    changes = {
        "Package": "docker-ce",
        "Version": VERSION,
        "Conflicts": "docker.io",
        "Depends": "adduser, containerd.io, docker-ce-cli, iptables, libc6, "
        "libdevmapper1.02.1, libsystemd0, tini",
    }
    rename(cache, next(pool.glob("docker.io_*.deb")), changes, pool)
    for package in LEADING:
        pack(cache, package, pool)
