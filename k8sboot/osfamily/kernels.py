"""What a family does to bring a host a newer kernel: packages of it, and its place in the boot menu."""

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
    """What the boot loader's steps look at."""

    def obstacle(self, host: Peer) -> str:
        """Why this host cannot boot a kernel just once and be back at the old one by itself; '' when it can."""

    def download(self, url: str, path: str) -> Command:
        """Fetch a package to a file, with what every such host has."""

    def contents(self, path: str) -> Command:
        """List the files in a package."""

    def install(self, host: Host, paths: tuple[str, ...]) -> None:
        """Install package files beside the kernels that are there, as a job."""

    def initial_ramdisk(self, release: str) -> str:
        """Where the initial ramdisk of a kernel lies."""

    def keep_default(self, host: Host, release: str) -> None:
        """The kernel boots whenever nobody chooses another, whatever is installed later."""

    def boot_once(self, host: Host, release: str) -> None:
        """The kernel boots next time, and only then."""

    def make_default(self, host: Host, release: str) -> None:
        """The kernel boots from now on; newer ones that a general update brings take its place as before."""

    def add_arguments(self, host: Host, release: str) -> None:
        """At its next boot the kernel is given the arguments that containers need and it knows."""


def releases_in(listing: str) -> tuple[str, ...]:
    """The kernels in a package's list of files, each once."""
    return tuple(dict.fromkeys(boot or modules for boot, modules in _IMAGE.findall(listing)))


def one_shot_question(prefix: str, *tools: str) -> Question:
    """Asks for grub's tools, and for what lies under its folder: a boot menu that can take a note must write there."""
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
    """What one_shot_question's answer says against booting a kernel just once; '' when nothing does."""
    lines = answer.splitlines()
    lacking = [line.removeprefix("no ") for line in lines if line.startswith("no ")]
    if lacking:
        return f"the boot loader is no grub that k8sboot can use: it has no {', no '.join(lacking)}"
    *layers, file_system = next((line.split()[1:] for line in lines if line.startswith("on ")), []) or [""]
    if not file_system:
        return "grub cannot read the file system that its menu lies on"
    if layers or file_system in UNWRITABLE:
        below = " ".join((*layers, file_system))
        return f"grub's menu lies on {below}, where grub cannot note that it has tried the new kernel"
    return ""
