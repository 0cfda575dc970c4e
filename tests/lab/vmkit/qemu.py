"""qemu's command line. Software emulation, because nothing more can be counted on."""

import subprocess
from pathlib import Path

PROGRAM = "qemu-system-x86_64"
MEMORY_MIB = 3072
CPUS = {"master": 2, "node": 1}
"""kubeadm wants two for a master; each more costs emulation time."""
SHARES = {"master": 2048, "node": 1024}
"""Of this machine's processors, by their number; a master that waits too long is restarted by its own probes."""


def command(image: Path, console: Path, *, cpus: int = 2) -> list[str]:
    """A machine with a disk, a serial console that is written to a file, and nothing else."""
    return [
        PROGRAM, "-nodefaults", "-no-user-config", "-display", "none",
        "-accel", "tcg,thread=multi", "-cpu", "max,la57=off,cx16=off",
        "-smp", str(cpus), "-m", str(MEMORY_MIB),
        "-chardev", f"file,id=console,path={console},append=on", "-serial", "chardev:console",
        "-drive", f"file={image},format=raw,if=virtio,cache=unsafe",
        "-device", "virtio-rng-pci",
    ]  # fmt: skip


def cable(interface: str, mac: str) -> list[str]:
    """A network card at a tap interface that is there already."""
    return [
        "-netdev", f"tap,id=cable,ifname={interface},script=no,downscript=no",
        "-device", f"virtio-net-pci,netdev=cable,mac={mac},romfile=",
    ]  # fmt: skip


def run_once(image: Path, *, kernel: Path, initrd: Path, append: str, console: Path, timeout: float) -> bool:
    """Boot the image with a kernel from outside, until it powers off; whether it did in time."""
    boot = ["-no-reboot", "-kernel", str(kernel), "-initrd", str(initrd), "-append", append]
    try:
        done = subprocess.run(
            [*command(image, console), *boot], stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0
