"""The contract for installing a newer kernel: its packages, and its entry in the boot menu."""

from __future__ import annotations

import re
from typing import Protocol

from k8sboot.host.host import Host
from k8sboot.host.peer import Command, Peer
from k8sboot.host.reads import Question, Reads

_IMAGE = re.compile(r"(?:^|\s)\.?/(?:boot/vmlinuz-(\S+)|lib/modules/([^/\s]+)/vmlinuz)$", re.MULTILINE)

UNWRITABLE = ("btrfs", "zfs", "squashfs", "iso9660")


class Kernels(Protocol):
    """A family's kernels. Releases are as `uname -r` prints them."""

    reads: Reads
    """What the boot loader's steps read."""

    def obstacle(self, host: Peer) -> str:
        """Why this host cannot boot a kernel once and then fall back to the old one; '' if it can."""

    def download(self, url: str, path: str) -> Command:
        """Download a package to a file, with a program that every such host has."""

    def contents(self, path: str) -> Command:
        """List the files in a package."""

    def install(self, host: Host, paths: tuple[str, ...]) -> None:
        """Install package files next to the kernels that are there, as a job."""

    def initial_ramdisk(self, release: str) -> str:
        """The path of a kernel's initial ramdisk."""

    def keep_default(self, host: Host, release: str) -> None:
        """Make the kernel the default, whatever is installed later."""

    def boot_once(self, host: Host, release: str) -> None:
        """Boot the kernel at the next boot, and only then."""

    def make_default(self, host: Host, release: str) -> None:
        """Make the kernel the default; newer ones from general updates replace it as before."""

    def add_arguments(self, host: Host, release: str) -> None:
        """Give the kernel, from its next boot on, the arguments that containers need and that it knows."""


def releases_in(listing: str) -> tuple[str, ...]:
    """The kernels in a package's list of files, each once."""
    return tuple(dict.fromkeys(boot or modules for boot, modules in _IMAGE.findall(listing)))


def one_shot_question(prefix: str, *tools: str) -> Question:
    """Checks grub's tools, and the device below its directory: grub must be able to write there."""
    folder = f"/boot/{prefix}"
    needed = (f"{prefix}-probe", f"{prefix}-reboot", *tools)
    return Question(
        f"{prefix}-one-shot",
        f'for tool in {" ".join(needed)}; do command -v $tool >/dev/null || echo "no $tool"; done; '
        f"[ -f {folder}/grub.cfg ] || [ -f /etc/grub2.cfg ] || [ -f /etc/grub2-efi.cfg ] || echo 'no menu'; "
        f"echo \"on $({prefix}-probe --target=abstraction {folder} | tr '\\n' ' ')"
        f'$({prefix}-probe --target=fs {folder})"',
    )


def why_not_once(answer: str) -> str:
    """Why, by the answer to one_shot_question, a kernel cannot be booted just once; '' if it can."""
    lines = answer.splitlines()
    lacking = [line.removeprefix("no ") for line in lines if line.startswith("no ")]
    if lacking:
        return f"k8sboot cannot use this boot loader: it has no {', no '.join(lacking)}"
    *layers, file_system = next((line.split()[1:] for line in lines if line.startswith("on ")), []) or [""]
    if not file_system:
        return "grub cannot read the file system that holds its menu"
    if layers or file_system in UNWRITABLE:
        below = " ".join((*layers, file_system))
        return f"grub's menu is on {below}, where grub cannot record that it has tried the new kernel"
    return ""
