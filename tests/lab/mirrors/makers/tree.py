"""The tree that the file server shows: links to products, and the manifests."""

from __future__ import annotations

from pathlib import Path

from . import repository, signing
from .cache import Cache, fingerprint

MANIFESTS = Path(__file__).parent.parent / "manifests"


def make(cache: Cache, key: Path, roots: dict[str, Path], changes: dict[str, str] | None = None) -> Path:
    """The directory to serve; roots are the repositories by their path in it. changes: in the manifests' text.

    Links are relative, so that the cache may move as a whole.
    """
    names = sorted((path, root.name) for path, root in roots.items())
    product_key = fingerprint(Path(__file__), MANIFESTS, key.name, names, changes)
    return cache.product("www", product_key, lambda out: _fill(out, key, roots, changes or {}))


def _fill(out: Path, key: Path, roots: dict[str, Path], changes: dict[str, str]) -> None:
    (out / "lab.asc").write_bytes((key / signing.PUBLIC).read_bytes())
    for path, root in roots.items():
        link = out / path
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to("/".join([".."] * path.count("/") + ["..", root.name]))
    for source in sorted(MANIFESTS.rglob("*.yaml")):
        target = out / source.relative_to(MANIFESTS)
        target.parent.mkdir(parents=True, exist_ok=True)
        text = source.read_text()
        for old, new in changes.items():
            text = text.replace(old, new)
        target.write_text(text)


def repositories(debian: Path, docker: Path, kubernetes: Path) -> dict[str, Path]:
    """Each repository's root by the path it is served under."""
    return {
        repository.DEBIAN.path: debian,
        repository.DOCKER.path: docker,
        repository.KUBERNETES.path: kubernetes,
    }
