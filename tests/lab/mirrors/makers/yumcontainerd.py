"""Docker's yum repository for CentOS 9 with a current containerd.io: the programs of the apt repository's package."""

from __future__ import annotations

from pathlib import Path

from . import containerdio, repack, upstream, yum, yumdocker
from .cache import Cache, fingerprint
from .rpm import Rpm

PATH = yumdocker.PATH
REPOSITORY = "9/x86_64/stable"


def make(cache: Cache, key: Path, containerd: Path, runc: Path) -> Path:
    """The repository's root, served under PATH."""
    here = Path(__file__)
    names = ("yum.py", "yumdocker.py", "rpm.py", "rpmsigning.py")
    scripts = (here, *(here.with_name(name) for name in names))
    product_key = fingerprint(*scripts, containerdio.PACKAGING, key.name, containerd.name, runc.name)

    def fill(out: Path) -> None:
        yum.put_key(key, out / "gpg")
        yum.fill(cache, out / REPOSITORY, key, [_containerd(containerd, runc)])

    return cache.product("yum-containerd.io", product_key, fill)


def _containerd(containerd: Path, runc: Path) -> yum.Maker:
    """runc is runc.real: /usr/bin/runc is the lab's wrapper on hosts."""
    files = {f"usr/bin/{program.name}": program for program in containerd.iterdir()}
    files["usr/bin/runc.real"] = runc / "runc"
    files["etc/containerd/config.toml"] = containerdio.PACKAGING / "config.toml"
    files["usr/lib/systemd/system/containerd.service"] = containerdio.PACKAGING / "containerd.service"
    rpm = Rpm(
        "containerd.io",
        upstream.CONTAINERD.version,
        "1.el9",
        "containerd and runc",
        requires=("container-selinux >= 2:2.74", "libseccomp"),
        provides=("containerd", "runc"),
        scripts={
            "post": repack.RELOAD,
            "preun": yumdocker.STOP.format("containerd.service"),
            "postun": repack.RELOAD,
        },
    )
    return yum.holding(rpm, files)
