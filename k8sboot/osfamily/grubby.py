"""The kernels of CentOS, RHEL and derivatives: rpm packages, and grub2 with grubby."""

from __future__ import annotations

import re

from k8sboot.errors import Refused
from k8sboot.host.host import Host
from k8sboot.host.peer import Command, Peer
from k8sboot.host.reads import Question, Reads
from k8sboot.osfamily.kernels import one_shot_question, why_not_once

ONE_SHOT = one_shot_question("grub2", "grubby")
USER_NAMESPACES = "user_namespace.enable=1"
DEFAULT = Question("grubby-default", "grubby --default-kernel")

UNSIGNED_FILES = ("--setopt=localpkg_gpgcheck=0",)
"""Only for packages that are files: with --nogpgcheck what they depend on would not be verified either."""


class Grubby:
    """Implements Kernels for the yum and dnf family."""

    reads = Reads(questions=(ONE_SHOT, DEFAULT))

    def obstacle(self, host: Peer) -> str:
        """grub2's tools, grubby, and a file system that grub2 can write to."""
        return why_not_once(host.answer(ONE_SHOT).text)

    def download(self, url: str, path: str) -> Command:
        """curl, which yum depends on."""
        return [
            "curl",
            "--fail",
            "--silent",
            "--show-error",
            "--location",
            "--retry",
            "3",
            "--output",
            path,
            url,
        ]

    def contents(self, path: str) -> Command:
        """One path per line."""
        return ["rpm", "--query", "--list", "--package", path]

    def install(self, host: Host, paths: tuple[str, ...]) -> None:
        """yum installs kernels next to each other. Their checksums have been verified, so that these files need no key.

        What they depend on comes from repositories, and is verified by their keys.
        """
        names = " ".join(path.rpartition("/")[2] for path in paths)
        host.change(
            f"install {names}", ["yum", "-y", *UNSIGNED_FILES, "install", *paths], timeout=3600, job=True
        )

    def initial_ramdisk(self, release: str) -> str:
        """The path that dracut uses."""
        return f"/boot/initramfs-{release}.img"

    def keep_default(self, host: Host, release: str) -> None:
        """grubby --set-default, if another kernel is the default."""
        image = f"/boot/vmlinuz-{release}"
        if host.answer(DEFAULT).text.strip() != image:
            host.change(f"set kernel {release} as the default", ["grubby", f"--set-default={image}"])

    def boot_once(self, host: Host, release: str) -> None:
        """grub2-reboot: grub clears the setting before it boots the entry."""
        if host.is_ahead:  # the kernel is not installed yet
            entry = f"(the entry of {release})"
        else:
            entry = entry_in(host.read(["grubby", f"--info=/boot/vmlinuz-{release}"]), release, host.name)
        host.change(f"boot kernel {release} once, at the next boot", ["grub2-reboot", entry])

    def make_default(self, host: Host, release: str) -> None:
        """A newer kernel from a general update becomes the default, as /etc/sysconfig/kernel says."""
        self.keep_default(host, release)

    def add_arguments(self, host: Host, release: str) -> None:
        """EL7's own kernel has user namespaces disabled; others do not know the argument."""
        image = f"/boot/vmlinuz-{release}"
        is_el7 = release.startswith("3.10.") and ".el7" in release
        if is_el7 and USER_NAMESPACES not in given_in(host.read(["grubby", f"--info={image}"])):
            host.change(
                f"boot kernel {release} with {USER_NAMESPACES}",
                ["grubby", f"--update-kernel={image}", f"--args={USER_NAMESPACES}"],
            )


def entry_in(info: str, release: str, host: str) -> str:
    """What grub2-reboot accepts, from `grubby --info`: the id (EL8), else the title, else the position in the menu."""
    for key in ("id", "title", "index"):
        found = re.search(rf'^{key}="?([^"\n]+)"?$', info, re.MULTILINE)
        if found:
            return found.group(1)
    raise Refused(
        f"grub2's menu has no entry for kernel {release}",
        fix="check `grubby --info=ALL` on it",
        host=host,
        code="KB-BOOT-MENU",
    )


def given_in(info: str) -> tuple[str, ...]:
    """The arguments in `grubby --info`."""
    found = re.search(r'^args="?([^"\n]*)"?$', info, re.MULTILINE)
    return tuple(found.group(1).split()) if found else ()
