"""Debian's kernels: deb packages, and grub with its own tools."""

from __future__ import annotations

from k8sboot.errors import Refused
from k8sboot.host.files import File
from k8sboot.host.host import Host
from k8sboot.host.peer import Command, Peer
from k8sboot.host.reads import Reads
from k8sboot.osfamily import grub_menu
from k8sboot.osfamily.apt import APT_GET
from k8sboot.osfamily.kernels import one_shot_question, why_not_once
from k8sboot.paths import GRUB_SETTINGS
from k8sboot.templates import render

MENU = "/boot/grub/grub.cfg"
NOTES = "/boot/grub/grubenv"
PANIC = "panic=30"
ONE_SHOT = one_shot_question("grub", "update-grub", "grub-set-default")

APT_INSTALL = (*APT_GET, "install", "-y", "--no-install-recommends", "--no-remove", "--allow-downgrades")


class Grub:
    """Implements Kernels for the apt family."""

    reads = Reads(files=(MENU, NOTES, GRUB_SETTINGS), questions=(ONE_SHOT,))

    def obstacle(self, host: Peer) -> str:
        """grub's tools, its menu, and a file system that grub can write to."""
        return why_not_once(host.answer(ONE_SHOT).text)

    def download(self, url: str, path: str) -> Command:
        """apt's own helper: a minimal system has neither curl nor wget."""
        return ["/usr/lib/apt/apt-helper", "download-file", url, path]

    def contents(self, path: str) -> Command:
        """Paths as tar lists them."""
        return ["dpkg-deb", "--contents", path]

    def install(self, host: Host, paths: tuple[str, ...]) -> None:
        """apt-get installs files by path, and their dependencies from the repositories."""
        names = " ".join(path.rpartition("/")[2] for path in paths)
        host.change(f"install {names}", host.downloads([*APT_INSTALL, *paths]), timeout=3600, job=True)

    def initial_ramdisk(self, release: str) -> str:
        """The path that update-initramfs uses."""
        return f"/boot/initrd.img-{release}"

    def keep_default(self, host: Host, release: str) -> None:
        """GRUB_DEFAULT=saved: otherwise the newest kernel would be the default."""
        settings = File(GRUB_SETTINGS, render("grub.cfg.j2", panic=PANIC))
        if not settings.is_met_by(host.file(GRUB_SETTINGS)):
            host.write([settings])
        menu = _menu(host)  # in a dry run from before the settings
        if host.is_ahead or not grub_menu.default_is_saved(menu) or f" {PANIC}" not in menu:
            host.change("make grub boot its saved entry", ["update-grub"], timeout=300)
        entry = _entry(host, release)
        if _noted(host) != entry:
            host.change(f"set kernel {release} as grub's saved entry", ["grub-set-default", entry])

    def boot_once(self, host: Host, release: str) -> None:
        """grub-reboot: grub clears the setting before it boots the entry."""
        host.change(f"boot kernel {release} once, at the next boot", ["grub-reboot", _entry(host, release)])

    def make_default(self, host: Host, release: str) -> None:
        """The original default if that boots this kernel, as the newest one; otherwise the saved entry."""
        host.change(
            "restore grub's original default",
            ["rm", "-f", GRUB_SETTINGS],
            ["update-grub"],
            timeout=300,
        )
        if host.check(lambda: _other_default(host, release)):
            self.keep_default(host, release)

    def add_arguments(self, host: Host, release: str) -> None:
        """None: Debian's kernels allow user namespaces in containers by default."""


def _menu(host: Peer) -> str:
    return host.read_file(MENU) or ""


def _noted(host: Peer) -> str:
    lines = (host.read_file(NOTES) or "").splitlines()
    return next((line.partition("=")[2] for line in lines if line.startswith("saved_entry=")), "")


def _other_default(host: Peer, release: str) -> str:
    found = grub_menu.default_release(_menu(host), _noted(host))
    return "" if found == release else f"the default is {found}"


def _entry(host: Peer, release: str) -> str:
    found = grub_menu.entry_of(_menu(host), release)
    if found or host.is_ahead:  # a dry run has not installed the kernel
        return found or f"(the entry of {release})"
    raise Refused(
        f"grub's menu has no entry for kernel {release}",
        why=f"{MENU} names no vmlinuz-{release}",
        fix="check `ls /boot` and run `update-grub` on it",
        host=host.name,
        code="KB-BOOT-MENU",
    )
