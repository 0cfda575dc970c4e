"""Key pairs, made and told by ssh-keygen."""

from __future__ import annotations

import subprocess
from pathlib import Path


def keygen(path: Path, *options: str, kind: str = "ed25519", passphrase: str = "") -> Path:
    """Make a key pair; the path of the private key."""
    words = ("-q", "-t", kind, "-N", passphrase, "-C", "k8sboot-test", *options, "-f", str(path))
    subprocess.run(["ssh-keygen", *words], check=True, capture_output=True)
    return path


def fingerprint(path: Path) -> str:
    """SHA256:... of a public key."""
    done = subprocess.run(["ssh-keygen", "-lf", str(path)], check=True, capture_output=True, text=True)
    return done.stdout.split()[1]
