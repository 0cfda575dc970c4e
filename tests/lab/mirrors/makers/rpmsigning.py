"""Signatures on RPM packages and on the index of their repositories."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from .signing import OWNER, SECRET


def sign_packages(key: Path, packages: Sequence[Path]) -> None:
    """Put the lab's signature into each package."""
    with _home(key) as home:
        macros = {"_gpg_path": home, "_gpg_name": OWNER, "__gpg": shutil.which("gpg")}
        words = [word for name, value in macros.items() for word in ("-D", f"{name} {value}")]
        _run("rpmsign", *words, "--addsign", *map(str, packages))


def sign_index(key: Path, index: Path, *, of: bytes | None = None) -> None:
    """Make repomd.xml.asc; `of` makes it the signature of something else, which is a bad one."""
    with _home(key) as home:
        signed = Path(home) / "signed"
        signed.write_bytes(index.read_bytes() if of is None else of)
        signature = index.with_name(f"{index.name}.asc")
        _run(
            "gpg",
            "--homedir",
            home,
            "--batch",
            "--yes",
            "--quiet",
            "--armor",
            "--output",
            str(signature),
            "--detach-sign",
            str(signed),
        )


@contextlib.contextmanager
def _home(key: Path) -> Iterator[str]:
    """A key ring that holds the key, at a short path: the agent's socket needs one."""
    with tempfile.TemporaryDirectory(prefix="lab-rpm-") as home:
        try:
            _run("gpg", "--homedir", home, "--batch", "--quiet", "--import", str(key / SECRET))
            yield home
        finally:
            subprocess.run(["gpgconf", "--homedir", home, "--kill", "gpg-agent"], check=False)


def _run(*command: str) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:6])} ...:\n{done.stdout}")
