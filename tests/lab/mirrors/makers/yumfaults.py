"""Repositories that are broken in one way each, for tests of what k8sboot says about them.

/broken/signature/   whole, but the signature of its index is of something else
/broken/html/...     answers every path with a web page and status 200 (see serve_files.py)
/broken/missing/...  answers 404, as any path does that is not there
"""

from __future__ import annotations

from pathlib import Path

from . import rpmsigning, yum
from .cache import Cache, fingerprint
from .rpm import Rpm

PATH = "broken/signature"


def make(cache: Cache, key: Path) -> Path:
    """The repository's root, served under PATH."""
    here = Path(__file__)
    names = ("yum.py", "rpm.py", "rpmsigning.py")
    product_key = fingerprint(here, *(here.with_name(name) for name in names), key.name)

    def fill(out: Path) -> None:
        yum.fill(cache, out, key, [yum.stating(Rpm("lab-empty", "1", "1.el7", "An empty package"))])
        rpmsigning.sign_index(key, out / "repodata/repomd.xml", of=b"not this index\n")
        yum.put_key(key, out / "gpg")

    return cache.product("yum-broken", product_key, fill)
