"""The lab's signing key: made once, kept in the cache, worth nothing elsewhere."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .cache import Cache, fingerprint

PUBLIC = "lab.asc"
SECRET = "secret.asc"
OWNER = "k8sboot lab mirrors <mirrors@k8sboot.lab>"


def make(cache: Cache) -> Path:
    """The directory with the key's public and secret halves."""
    return cache.product("signing-key", fingerprint(Path(__file__)), _generate)


def _generate(out: Path) -> None:
    with _home() as home:
        _gpg(home, "--quick-generate-key", OWNER, "rsa3072", "sign", "never")
        _gpg(home, "--armor", "--output", str(out / PUBLIC), "--export")
        _gpg(home, "--armor", "--output", str(out / SECRET), "--export-secret-keys")


def sign_release(key: Path, release: Path) -> None:
    """Make InRelease and Release.gpg next to a repository's Release."""
    with _home() as home:
        _gpg(home, "--import", str(key / SECRET))
        inline, detached = release.with_name("InRelease"), release.with_name("Release.gpg")
        _gpg(home, "--clear-sign", "--output", str(inline), str(release))
        _gpg(home, "--armor", "--detach-sign", "--output", str(detached), str(release))


@contextlib.contextmanager
def _home() -> Iterator[str]:
    """A key ring for a moment, at a short path: the agent's socket needs one."""
    with tempfile.TemporaryDirectory(prefix="lab-gpg-") as home:
        try:
            yield home
        finally:
            subprocess.run(["gpgconf", "--homedir", home, "--kill", "gpg-agent"], check=False)


def _gpg(home: str, *arguments: str) -> None:
    command = ["gpg", "--homedir", home, "--batch", "--yes", "--quiet"]
    quiet = ["--pinentry-mode", "loopback", "--passphrase", ""]
    subprocess.run([*command, *quiet, *arguments], check=True, capture_output=True)
