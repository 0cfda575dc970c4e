"""A family's root file system: built once, kept in the cache under a key of what it is made from."""

import contextlib
import os
import shutil
from pathlib import Path

from labkit import families, locks
from labkit.progress import say


def cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "k8sboot-lab"


def ready(family_name: str) -> Path:
    """The family's root file system, built if the cache has none of this recipe."""
    family = families.load(family_name)
    wanted = cache() / "rootfs" / f"{family_name}-{family.fingerprint()}"
    if wanted.is_dir():
        return wanted
    with locks.held("rootfs"):
        if not wanted.is_dir():
            _build(family, wanted)
            _forget_older(wanted, family_name)
    return wanted


def _build(family: families.Family, wanted: Path) -> None:
    """Build beside the final place and rename: a broken-off build is never taken for a whole one."""
    say(f"building the root file system {wanted.name}")
    unfinished = wanted.with_name(f"unfinished-{wanted.name}")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.parent.mkdir(parents=True, exist_ok=True)
    family.build(unfinished)
    unfinished.rename(wanted)
    say(f"built {wanted.name}")


def _forget_older(wanted: Path, family_name: str) -> None:
    """Drop the results of older recipes, except those that a running lab stands on."""
    mounts = Path("/proc/mounts").read_text()
    for other in wanted.parent.glob(f"{family_name}-*"):
        if other != wanted and f"lowerdir={other}," not in mounts:
            with contextlib.suppress(OSError):
                shutil.rmtree(other)
