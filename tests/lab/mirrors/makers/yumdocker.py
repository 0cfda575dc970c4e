"""Docker's yum repository for CentOS 7, made of Debian's docker.io, containerd and runc.

Each package exists in several versions, so that choosing one means something; all of them hold
the same programs, those of 20.10.24.
"""

from __future__ import annotations

import functools
import shutil
from pathlib import Path

from . import repack, yum
from .cache import Cache, fingerprint
from .pool import Deb, read
from .rpm import Rpm

PATH = "docker-ce/linux/centos"
REPOSITORY = "7/x86_64/stable"
VERSIONS = (("20.10.23", "3.el7"), ("20.10.24", "3.el7"), ("26.1.4", "1.el7"))
CONTAINERD = ("1.6.20", "3.1.el7")
CLIENT = ("usr/bin/docker", "usr/share/bash-completion/completions/docker")
GROUP = "getent group docker >/dev/null || groupadd --system docker"
STOP = '[ "$1" -ne 0 ] || systemctl disable --now {} >/dev/null 2>&1 || :'
ENGINE_NEEDS = (
    "container-selinux",
    "containerd.io >= 1.4.1",
    "docker-ce-cli",
    "iptables",
    "libdevmapper1.02.1",
    "libseccomp",
    "systemd",
    "tar",
    "xz",
)


def make(cache: Cache, key: Path, debian: Path) -> Path:
    """The repository's root, served under PATH; `debian` has the apt pool."""
    here = Path(__file__)
    names = ("yum.py", "rpm.py", "rpmsigning.py", "repack.py", "pool.py")
    product_key = fingerprint(here, *(here.with_name(name) for name in names), key.name, debian.name)

    def fill(out: Path) -> None:
        yum.put_key(key, out / "gpg")
        with cache.scratch() as work:
            yum.fill(cache, out / REPOSITORY, key, _packages(read(debian / "pool"), work))

    return cache.product("yum-docker", product_key, fill)


def _packages(debs: dict[str, Deb], work: Path) -> list[yum.Maker]:
    """Debian's package is unpacked once, and parted: here the client is a package of its own."""
    engine, client = work / "engine", work / "client"
    repack.unpack(debs["docker.io"], engine)
    repack.unpack(debs["tini"], engine)
    for name in CLIENT:
        if (engine / name).exists():
            (client / name).parent.mkdir(parents=True, exist_ok=True)
            (engine / name).rename(client / name)
    makers: list[yum.Maker] = [functools.partial(_containerd, debs)]
    for version, release in VERSIONS:
        makers.append(yum.stating(_client(version, release, client)))
        makers.append(yum.stating(_engine(version, release, engine)))
    return makers


def _client(version: str, release: str, tree: Path) -> Rpm:
    return Rpm("docker-ce-cli", version, release, "Debian's Docker client", epoch=1, tree=tree)


def _engine(version: str, release: str, tree: Path) -> Rpm:
    scripts = {
        "pre": GROUP,
        "post": repack.RELOAD,
        "preun": STOP.format("docker.service docker.socket"),
        "postun": repack.RELOAD,
    }
    return Rpm(
        "docker-ce",
        version,
        release,
        "Debian's Docker engine 20.10.24",
        epoch=3,
        requires=ENGINE_NEEDS,
        scripts=scripts,
        tree=tree,
    )


def _containerd(debs: dict[str, Deb], tree: Path) -> Rpm:
    """containerd and runc, the latter as runc.real: /usr/bin/runc is the lab's wrapper on hosts."""
    repack.unpack(debs["containerd"], tree)
    repack.unpack(debs["runc"], tree)
    (tree / "usr/bin/runc").unlink()  # a link
    shutil.move(tree / "usr/sbin/runc", tree / "usr/bin/runc.real")
    scripts = {
        "post": repack.RELOAD,
        "preun": STOP.format("containerd.service"),
        "postun": repack.RELOAD,
    }
    return Rpm(
        "containerd.io",
        *CONTAINERD,
        "Debian's containerd and runc",
        requires=("container-selinux", "libseccomp"),
        provides=("containerd", "runc"),
        scripts=scripts,
        tree=tree,
    )
