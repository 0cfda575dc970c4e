"""One host's disk: an overlay on its family's root file system, and plain directories beside it.

Docker's overlay2 does not stack on an overlay (it falls back to vfs without a word), so the
directories of containers are bound from this machine's own file system.
"""

import contextlib
import shutil
from collections.abc import Sequence
from pathlib import Path

from labkit import families, rootfs
from labkit.plan import Host
from labkit.process import run

PLAIN = {name: f"/var/lib/{name}" for name in ("docker", "containerd", "kubelet")}


def attach(host: Host, public_keys: Sequence[str]) -> None:
    """Mount the disk; a new one is first made the host's own."""
    if host.root.is_mount():
        return
    below = _below(host)
    for part in ("upper", "work", "root", *PLAIN):
        (host.directory / part).mkdir(parents=True, exist_ok=True)
    run(
        "mount",
        "-t",
        "overlay",
        "overlay",
        "-o",
        f"lowerdir={below},upperdir={host.directory}/upper,workdir={host.directory}/work",
        host.root,
    )
    made = host.directory / "made"
    if not made.exists():
        families.load(host.family).individualise(host, public_keys)
        made.write_text(str(below))


def _below(host: Host) -> Path:
    """The root file system the disk was made on; an overlay does not survive another one."""
    made = host.directory / "made"
    if made.exists():
        before = Path(made.read_text())
        if before.is_dir():
            return before
        wipe(host)
    return rootfs.ready(host.family)


def wipe(host: Host) -> None:
    """Throw away everything the host wrote."""
    detach(host.directory)
    (host.directory / "made").unlink(missing_ok=True)
    for part in ("upper", "work", *PLAIN):
        shutil.rmtree(host.directory / part, ignore_errors=True)


def detach(directory: Path) -> None:
    """Unmount everything at or below the directory, the last mounted first."""
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    below = [mount for mount in mounts if Path(mount).is_relative_to(directory)]
    for mount in reversed(below):
        _forget_nspawn_lock(Path(mount))
        run("umount", mount, check=False)
        with contextlib.suppress(OSError):
            if Path(mount).is_mount():
                run("umount", "--lazy", mount)


def _forget_nspawn_lock(root: Path) -> None:
    """systemd-nspawn leaves a lock file for each directory it ever started."""
    with contextlib.suppress(OSError):
        known = root.stat()
        lock = f"inode-{known.st_dev}:{known.st_ino}"
        (Path("/run/systemd/nspawn/locks") / lock).unlink(missing_ok=True)


def install_mirror_key(host: Host, key: bytes) -> None:
    """What an administrator put on every machine of the company: the key of its own mirror."""
    path = host.root / "usr/share/keyrings/lab.asc"
    if not path.exists() or path.read_bytes() != key:
        path.write_bytes(key)
