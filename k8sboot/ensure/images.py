"""Container images: pulled where they are missing, and compared with the digests that the inventory pins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from k8sboot.errors import NotAsWanted
from k8sboot.host.host import Host
from k8sboot.runtime import Runtime
from k8sboot.text.listing import listed

CODE = "KB-IMAGE-DIGEST"
SHOWN = 3


def ensure_images(host: Host, engine: Runtime, images: Sequence[str], pins: Mapping[str, str]) -> None:
    """Pull the images that are missing. NotAsWanted if one, pulled or there before, has not the digest of its pin."""
    present = host.read(engine.present(images)).split()
    _compare(host, engine, [image for image in images if image in present], pins)
    missing = [image for image in images if image not in present]
    if not missing:
        return
    host.change(f"pull {len(missing)} images", *map(engine.pull, missing), timeout=1800, job=True)
    if not host.is_ahead:
        _compare(host, engine, missing, pins)


def _compare(host: Host, engine: Runtime, images: Sequence[str], pins: Mapping[str, str]) -> None:
    pinned = [image for image in images if image in pins]
    lines = host.read(engine.digests(pinned)).splitlines() if pinned else []
    for number, image in enumerate(pinned):
        found = lines[number].split()[1:] if len(lines) == len(pinned) else []
        if pins[image] not in found:
            raise NotAsWanted(
                f"the image {image} is not the one that the inventory pins",
                why=f"runtime.imageDigests has {pins[image]}, the host {listed(found, SHOWN) or 'no digest'}",
                fix="check which of them is right: the registry may serve another image under this tag now; correct "
                f"the pin, or the registry, and remove the image on {host.name}; then run again",
                host=host.name,
                code=CODE,
            )
