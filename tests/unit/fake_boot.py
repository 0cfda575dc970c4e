"""A fake host with grub, kernels and a power button: reboots cut the connection and boot what grub would."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from fake_state import Answer, HostState, Reply

from k8sboot.errors import ConnectionLost, Unreachable
from k8sboot.inventory.os_settings import KernelPackage, KernelSettings
from k8sboot.osfamily.grub import MENU, NOTES
from k8sboot.paths import GRUB_SETTINGS

OLD, NEW = "6.1.0-13-cloud-amd64", "6.12.95+deb12-cloud-amd64"
URL = "http://mirror.lan/linux-image-6.12.95%252Bdeb12-cloud-amd64_6.12.deb"
CONTENT = f"package {URL}"


def wanted(*, minimum: str = "6.12", content: str = CONTENT) -> KernelSettings:
    digest = hashlib.sha256(content.encode()).hexdigest()
    return KernelSettings(minimum, (KernelPackage(URL, digest),))


@dataclass
class Boot:
    """dead: kernels that panic. silence: how often a host that restarts is tried in vain; -1 is for ever.

    release: what the package on the mirror brings. settings: what /etc/default/grub says by itself.
    """

    dead: tuple[str, ...] = ()
    silence: int = 3
    release: str = NEW
    own_default: str = "0"
    kernels: list[str] = field(default_factory=lambda: [OLD])
    next_entry: str = ""
    saved_entry: str = ""
    log: list[str] = field(default_factory=list)
    _away: int = 0
    _boots: int = 0

    @property
    def booted(self) -> list[str]:
        """The kernels that were tried, in order."""
        return [line.removeprefix("boot ") for line in self.log if line.startswith("boot ")]

    def answers(self) -> dict[str, Answer]:
        return {
            "container": "none",
            "cgroups": "cgroup2fs",
            "grub-one-shot": "on ext2",
            "dpkg-deb --contents": self._contents,
            "/usr/lib/apt/apt-helper": self._download,
            "apt-get": self._install,
            "test -s": self._is_there,
            "update-grub": self._update,
            "grub-set-default": self._set_default,
            "grub-reboot": self._boot_once,
            "systemctl reboot": self._reboot,
            "cat /proc/sys/kernel/random/boot_id": self._boot_id,
        }

    def files(self) -> dict[str, str]:
        return {MENU: self.menu(is_saved=self.own_default == "saved"), NOTES: self.notes()}

    def menu(self, *, is_saved: bool, arguments: str = "") -> str:
        default = "${saved_entry}" if is_saved else self.own_default
        first = f"menuentry 'first' --id first {{\n\tlinux /boot/vmlinuz-{self.kernels[0]}\n}}\n"
        each = "".join(
            f"\tmenuentry 'Linux {k}' --id linux-{k} {{\n\t\tlinux /boot/vmlinuz-{k} ro{arguments}\n\t}}\n"
            for k in self.kernels
        )
        return f'set default="{default}"\n{first}submenu "More" --id more {{\n{each}}}\n'

    def notes(self) -> str:
        return f"# GRUB Environment Block\nsaved_entry={self.saved_entry}\n"

    def _download(self, host: HostState, words: list[str]) -> Reply:
        host.put(words[-1], f"package {words[-2]}")
        return 0, "", ""

    def _contents(self, host: HostState, words: list[str]) -> Reply:
        if words[-1] not in host.files:
            return 2, "", "dpkg-deb: error: failed to read archive\n"
        return 0, f"-rw-r--r-- root/root 1 2026-01-01 00:00 ./boot/vmlinuz-{self.release}\n", ""

    def _install(self, host: HostState, words: list[str]) -> Reply:
        assert words[-1].endswith(".deb")
        self.log.append(f"install {self.release}, {self._default(host)} boots")
        self.kernels.insert(0, self.release)
        return self._update(host, [])

    def _is_there(self, host: HostState, words: list[str]) -> Reply:
        return (0 if any(kernel in words[-1] for kernel in self.kernels) else 1), "", ""

    def _update(self, host: HostState, words: list[str]) -> Reply:
        is_ours = GRUB_SETTINGS in host.files
        arguments = " panic=30" if is_ours else ""
        host.put(MENU, self.menu(is_saved=self.own_default == "saved" or is_ours, arguments=arguments))
        return 0, "", ""

    def _set_default(self, host: HostState, words: list[str]) -> Reply:
        self.saved_entry = words[1]
        host.put(NOTES, self.notes())
        return 0, "", ""

    def _boot_once(self, host: HostState, words: list[str]) -> Reply:
        self.next_entry = words[1]
        return 0, "", ""

    def _default(self, host: HostState) -> str:
        is_saved = "saved_entry" in host.text(MENU).splitlines()[0]
        return self.saved_entry.rpartition("linux-")[2] if is_saved else self.kernels[0]

    def _reboot(self, host: HostState, words: list[str]) -> Reply:
        chosen = self.next_entry.rpartition("linux-")[2] or self._default(host)
        self.next_entry = ""
        self.log.append(f"boot {chosen}")
        if chosen in self.dead:
            assert "panic=30" in host.text(MENU), "the machine hangs for ever"
            chosen = self._default(host)
            self.log.append(f"boot {chosen}")
        host.facts["kernel"] = chosen
        self._boots, self._away = self._boots + 1, self.silence
        host.put("/proc/sys/kernel/random/boot_id", f"b{self._boots}\n")
        raise ConnectionLost("the other side closed the connection")

    def _boot_id(self, host: HostState, words: list[str]) -> Reply:
        if self._away:
            self._away -= 1
            raise Unreachable("cannot reach 192.0.2.1:22")
        return 0, host.text("/proc/sys/kernel/random/boot_id"), ""
