"""A newer OpenSSH than the hosts have, as plain files: Debian's own, from its backports.

Since 9.8 sshd turns an address away for a while after failed logins (PerSourcePenalties).
"""

from __future__ import annotations

from pathlib import Path

from . import apt
from .cache import Cache, fingerprint, say

PATH = "newer-openssh"
PACKAGES = ("openssh-client", "openssh-server", "openssh-sftp-server")


def make(cache: Cache) -> Path:
    """A directory with NAME.deb for each of the packages; what they depend on the hosts have."""
    return cache.product(PATH, fingerprint(Path(__file__), Path(apt.__file__)), lambda out: _fill(cache, out))


def _fill(cache: Cache, out: Path) -> None:
    say(f"{PATH}: downloading {len(PACKAGES)} packages")
    suite = f"{apt.codename()}-backports"
    with cache.scratch() as work:
        client = apt.debian_apt(work, suite)
        client.run("download", *(f"{name}/{suite}" for name in PACKAGES), cwd=work)
        for name in PACKAGES:
            (found,) = work.glob(f"{name}_*.deb")
            found.rename(out / f"{name}.deb")
