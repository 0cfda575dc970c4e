"""Manifests that this machine fetches: pinned by their SHA-256, or told with the line that pins them."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from k8sboot.desired import fetch
from k8sboot.errors import Refused


@lru_cache(maxsize=4)
def manifest(source: str, pin: str, section: str) -> str:
    """The manifest as it comes. Refused over plain HTTP without a digest: any machine on the way can change it.

    section: of the inventory, where `sha256` pins it.
    """
    text = fetch.text(source, sha256=pin)
    if source.startswith("http://") and not pin:
        digest = hashlib.sha256(text.encode()).hexdigest()
        raise Refused(
            f"{source} is a manifest over plain HTTP, and nothing pins it",
            why=f"any machine on the way can send another one; the SHA-256 of what came is {digest}",
            fix=f"compare it with the original, then set `sha256: {digest}` in `{section}` of the inventory",
            code="KB-MANIFEST-UNPINNED",
        )
    return text


def unpinned(source: str, pin: str, section: str) -> str:
    """The SHA-256 of a manifest that is downloaded and that nothing pins; '' for any other."""
    if pin or not source.startswith("https://"):
        return ""
    return hashlib.sha256(manifest(source, pin, section).encode()).hexdigest()
