"""The disks: an image with partitions, grub, kernel and a bare Debian, built once; a copy for each machine.

grub is installed the way an installer does it: by grub-install in a running system. For that the
new disk boots once with a kernel given to qemu from outside.
"""

import contextlib
import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from labkit import locks, preflight, rootfs
from labkit.errors import LabError
from labkit.families import debian
from labkit.plan import Host
from labkit.process import run, succeeds
from labkit.progress import say

from vmkit import qemu

SYSTEM = ("grub-pc", "ifupdown", "initramfs-tools", "linux-image-cloud-amd64", "udev", "zstd")
TOOLS = (
    "chrony", "conntrack", "curl", "ebtables", "ethtool", "gpg", "ipset", "iptables", "ipvsadm", "jq",
    "psmisc", "socat", "wget",
)  # fmt: skip
"""What k8sboot would install, here already: emulated processors take minutes to unpack it."""
PACKAGES = (*debian.PACKAGES, *SYSTEM, *TOOLS)
SECTOR = 512
ROOT_START = 2048 * SECTOR
ROOT_SIZE = 6 << 30
SWAP_SIZE = 64 << 20
BUILD_TIMEOUT = 900

GRUB = """\
GRUB_TIMEOUT=1
GRUB_TERMINAL=serial
GRUB_SERIAL_COMMAND="serial --unit=0 --speed=115200"
GRUB_CMDLINE_LINUX_DEFAULT=""
GRUB_CMDLINE_LINUX="console=ttyS0 net.ifnames=0 apparmor=0 mitigations=off tsc=reliable no_timer_check"
"""
"""tsc=reliable: two emulated processors look as if their counters ran apart, but they are one and the same. Without it
a master reads the time from an emulated device, and its API server is too slow for its own probes.
no_timer_check: on a loaded machine the emulated timer may be late at boot, and the kernel took it for a broken one.
"""

RAMDISK = """\
# Only what this machine boots with, packed in haste: emulated processors take minutes for all there is.
MODULES=dep
COMPRESSLEVEL=1
"""

FSTAB = """\
# <file system> <mount point> <type> <options> <dump> <pass>
/dev/vda1 / ext4 errors=remount-ro 0 1
/dev/vda2 none swap sw 0 0
"""

INSTALL_GRUB = """\
#!/bin/sh
# Runs as process 1, once, while the image is built.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
rm -f "$0"
grub-install --target=i386-pc /dev/vda && update-grub && echo "lab: grub is installed"
sync
mount -o remount,ro /
echo o > /proc/sysrq-trigger
sleep 60
"""


def fingerprint() -> str:
    """Changes with everything that the image is made from."""
    parts = (Path(__file__).read_bytes(), " ".join(debian.PACKAGES).encode())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]


def ready() -> Path:
    """The image, built if the cache has none of this recipe."""
    wanted = rootfs.cache() / "vm" / f"disk-{fingerprint()}.img"
    with locks.held("vm-disk"):
        if not wanted.exists():
            _build(wanted)
            for other in wanted.parent.glob("disk-*.img"):
                if other != wanted:
                    other.unlink()
    return wanted


def _build(wanted: Path) -> None:
    say(f"building the disk image {wanted.name}")
    wanted.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=wanted.parent, prefix="unfinished-") as directory:
        work = Path(directory)
        root, image = work / "root", work / "disk.img"
        _install(root)
        _settle(root)
        _make_file_systems(image, root)
        _install_grub(image, root, work)
        image.rename(wanted)
    say(f"built {wanted.name}")


def _install(root: Path) -> None:
    run(
        "mmdebstrap", "--mode=root", "--format=directory", "--variant=minbase", "--quiet",
        f"--include={','.join(PACKAGES)}",
        "--dpkgopt=force-unsafe-io",
        *(f"--aptopt={line}" for line in preflight.apt_proxies()),
        debian.CODENAME, root, *preflight.debian_sources(debian.CODENAME),
    )  # fmt: skip


def _settle(root: Path) -> None:
    """What an installer leaves behind, and what belongs to one machine only taken away."""
    for path in (*root.glob("etc/ssh/ssh_host_*"), root / "etc/apt/apt.conf.d/99mmdebstrap"):
        path.unlink(missing_ok=True)
    (root / "etc/apt/sources.list").unlink(missing_ok=True)
    (root / "etc/fstab").write_text(FSTAB)
    (root / "etc/default/grub.d").mkdir(parents=True, exist_ok=True)
    (root / "etc/default/grub.d/lab.cfg").write_text(GRUB)
    (root / "etc/initramfs-tools/conf.d/lab").write_text(RAMDISK)
    script = root / "usr/local/sbin/install-grub"
    script.write_text(INSTALL_GRUB)
    script.chmod(0o755)
    systemctl = ("systemctl", "--root", root, "--quiet")
    run(*systemctl, "enable", "ssh.service", "networking.service")
    run(*systemctl, "set-default", "multi-user.target")
    run(*systemctl, "disable", "apt-daily.timer", "apt-daily-upgrade.timer")


def _make_file_systems(image: Path, root: Path) -> None:
    """A table of two partitions: the root file system, filled from the directory, and swap."""
    swap_start = ROOT_START + ROOT_SIZE
    with image.open("wb") as file:
        file.truncate(swap_start + SWAP_SIZE + ROOT_START)
    table = (
        f"label: dos\nstart={ROOT_START // SECTOR}, size={ROOT_SIZE // SECTOR}, type=83, bootable\n"
        f"start={swap_start // SECTOR}, size={SWAP_SIZE // SECTOR}, type=82\n"
    )
    run("sfdisk", "--quiet", image, stdin=table)
    blocks = f"{ROOT_SIZE >> 10}k"
    run("mkfs.ext4", "-q", "-F", "-E", f"offset={ROOT_START}", "-d", root, image, blocks)
    swap = image.with_name("swap")
    with swap.open("wb") as file:
        file.truncate(SWAP_SIZE)
    run("mkswap", swap)
    run("dd", f"if={swap}", f"of={image}", "bs=1M", f"seek={swap_start >> 20}", "conv=notrunc,sparse")


def _install_grub(image: Path, root: Path, work: Path) -> None:
    boot = next((root / "boot").glob("vmlinuz-*"))
    release = boot.name.removeprefix("vmlinuz-")
    console = work / "console.log"
    done = qemu.run_once(
        image,
        kernel=boot,
        initrd=root / f"boot/initrd.img-{release}",
        append="root=/dev/vda1 rw console=ttyS0 panic=-1 init=/usr/local/sbin/install-grub",
        console=console,
        timeout=BUILD_TIMEOUT,
    )
    said = console.read_text(errors="replace")
    if not done or "lab: grub is installed" not in said:
        raise LabError("grub could not be installed; the last words:\n" + said[-3000:])


def make(host: Host, public_keys: Sequence[str], mirror_key: bytes | None) -> None:
    """A fresh disk that is this machine's own: names, network, logins, mirrors."""
    image = host.directory / "disk.img"
    if image.exists():
        return
    new = image.with_suffix(".new")
    host.directory.mkdir(parents=True, exist_ok=True)
    run("cp", "--sparse=always", "--reflink=auto", ready(), new)
    with mounted(new, host.root):
        debian.individualise(host, public_keys)
        (host.root / "etc/network/interfaces").write_text(
            "auto lo\niface lo inet loopback\n\nauto eth0\niface eth0 inet static\n"
            f"    address {host.address}/24\n    gateway {host.gateway}\n"
        )
        if mirror_key is not None:
            (host.root / "usr/share/keyrings/lab.asc").write_bytes(mirror_key)
    new.rename(image)


@contextlib.contextmanager
def mounted(image: Path, where: Path) -> Iterator[None]:
    """The image's root file system at that directory."""
    where.mkdir(parents=True, exist_ok=True)
    if not succeeds("mount", "-o", f"loop,offset={ROOT_START}", image, where):
        raise LabError("this machine has no loop devices to mount a disk image with (/dev/loop*)", 2)
    try:
        yield
    finally:
        run("umount", where)


def wipe(host: Host) -> None:
    """Throw the machine's disk away."""
    if host.root.is_mount():
        run("umount", host.root)
    shutil.rmtree(host.root, ignore_errors=True)
    (host.directory / "disk.img").unlink(missing_ok=True)
