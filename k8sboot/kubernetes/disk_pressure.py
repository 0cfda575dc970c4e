"""When kubelet deletes images and evicts Pods for lack of disk space, by its configuration. Pure.

Source: pkg/kubelet/eviction/defaults_linux.go and pkg/kubelet/apis/config/v1beta1/defaults.go. A threshold of imagefs
counts also where images lie on the file system of kubelet's own data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from k8sboot.kubernetes.comparing import quantity

HARD: Mapping[str, object] = {
    "nodefs.available": "10%",
    "nodefs.inodesFree": "5%",
    "imagefs.available": "15%",
}
"""kubelet's defaults of evictionHard for disks. It has none of them where evictionHard is set."""
IMAGES_ABOVE = 85
"""kubelet's default of imageGCHighThresholdPercent: with more in use it deletes images."""
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)%")


@dataclass(frozen=True)
class Disk:
    """A file system that kubelet watches. name: nodefs or imagefs. Sizes in KiB."""

    name: str
    mount: str
    size: int
    free: int
    inodes: int
    inodes_free: int


@dataclass(frozen=True)
class Shortage:
    """A threshold that is passed. signal: e.g. nodefs.available. free, least: in the unit that words has."""

    disk: Disk
    signal: str
    has: str
    needs: str
    percent_free: int


def disks(text: str) -> tuple[Disk, ...]:
    """From the output of scripts/kubelet-disk.sh. What is not a line of it is left out."""
    rows = (line.split(" ") for line in text.splitlines())
    whole = (row for row in rows if len(row) == 6 and all(n.isascii() and n.isdigit() for n in row[2:]))
    return tuple(Disk(row[0], row[1], *map(int, row[2:])) for row in whole)


def evictions(disk: Disk, kubelet: Mapping[str, Any]) -> Iterator[Shortage]:
    """The thresholds below which kubelet evicts Pods and takes no new ones. kubelet: its configuration."""
    given = kubelet.get("evictionHard")
    for signal, least in (given if isinstance(given, Mapping) else HARD).items():
        name, _, kind = signal.partition(".")
        total, free, unit = (
            (disk.size, disk.free, "GiB")
            if kind == "available"
            else (disk.inodes, disk.inodes_free, "inodes")
        )
        if name == disk.name and kind in ("available", "inodesFree") and total:
            needed = _threshold(least, total, unit)
            if needed is not None and free < needed:
                yield Shortage(disk, signal, _shown(free, unit), _shown(needed, unit), free * 100 // total)


def deletes_images(disk: Disk, kubelet: Mapping[str, Any]) -> Shortage | None:
    """Whether so much is in use that kubelet deletes images."""
    above = kubelet.get("imageGCHighThresholdPercent", IMAGES_ABOVE)
    if disk.name != "imagefs" or not isinstance(above, int) or not disk.size:
        return None
    needed = disk.size * (100 - above) // 100
    if disk.free >= needed:
        return None
    percent = disk.free * 100 // disk.size
    return Shortage(
        disk, "imageGCHighThresholdPercent", _shown(disk.free, "GiB"), _shown(needed, "GiB"), percent
    )


def lifted(percent_free: int) -> str:
    """The inventory's lines with which kubelet accepts so little free space."""
    least = max(1, percent_free // 2)
    hard = f"nodefs.available: {least}%, nodefs.inodesFree: {least}%, imagefs.available: {least}%"
    images = (
        f"imageGCHighThresholdPercent: {100 - least}, imageGCLowThresholdPercent: {max(1, 99 - 2 * least)}"
    )
    return (
        f"kubeadm: {{kubeletConfiguration: {{evictionHard: {{{hard}, memory.available: 100Mi}}, {images}}}}}"
    )


def _threshold(least: object, total: int, unit: str) -> int | None:
    """Of a threshold in percent or as a quantity, in KiB or inodes; None for what is neither."""
    if match := _PERCENT.fullmatch(str(least)):
        return int(total * float(match[1]) / 100)
    found = quantity(str(least))
    if found is None:
        return None
    return int(found / 1024) if unit == "GiB" else int(found)


def _shown(number: int, unit: str) -> str:
    return f"{number / 1024**2:.1f} GiB" if unit == "GiB" else f"{number} inodes"
