"""Docker's apt repository with a current containerd.io: containerd and runc, with CRI off by the package's config."""

from __future__ import annotations

from pathlib import Path

from . import repository, upstream
from .cache import Cache, fingerprint
from .package import Package, pack, rename

PACKAGING = Path(__file__).parent.parent / "containerd.io"
SCRIPTS = ("conffiles", "postinst", "prerm")
VERSION = f"{upstream.CONTAINERD.version}-1~debian.12~bookworm"
INSTEAD_OF = "containerd, runc"


def make(cache: Cache, key: Path, containerd: Path, runc: Path) -> Path:
    """The repository's root."""
    here = Path(__file__)
    scripts = (here, here.with_name("package.py"), here.with_name("repository.py"))
    product_key = fingerprint(*scripts, PACKAGING, key.name, containerd.name, runc.name)

    def fill(out: Path) -> None:
        pool = out / "pool/stable"
        pool.mkdir(parents=True)
        _pack(cache, containerd, runc, pool)
        repository.index(repository.DOCKER, out, key)

    return cache.product("apt-containerd.io", product_key, fill)


def _pack(cache: Cache, containerd: Path, runc: Path, pool: Path) -> None:
    files = {f"usr/bin/{program.name}": program for program in (*containerd.iterdir(), runc / "runc")}
    files["etc/containerd/config.toml"] = PACKAGING / "config.toml"
    files["lib/systemd/system/containerd.service"] = PACKAGING / "containerd.service"
    scripts = {name: PACKAGING / name for name in SCRIPTS}
    package = Package("containerd.io", VERSION, "libc6, libseccomp2", "containerd and runc", files, scripts)
    changes = {"Package": package.name, "Version": VERSION}
    instead = dict.fromkeys(("Provides", "Conflicts", "Replaces"), INSTEAD_OF)
    with cache.scratch() as work:
        pack(cache, package, work)
        rename(cache, next(work.glob("*.deb")), changes | instead, pool)
