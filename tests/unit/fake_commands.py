"""What commands do to a fake host."""

from __future__ import annotations

import functools

from fake_notes import Notes
from fake_shell import without_options
from fake_state import SWAPS, FakeFile, FakeUnit, Reply, unit_of

from k8sboot.osfamily.deb_versions import compare

UNITS = {
    "chrony": ("chrony.service", "active"),
    "docker-ce": ("docker.service", "active"),
    "containerd": ("containerd.service", "active"),
    "kubelet": ("kubelet.service", "activating"),
}
"""Package: the unit that comes with it, enabled, and the state its start leaves it in."""


@functools.cache
def _and_above(path: str) -> tuple[str, ...]:
    """A path and the directories above it."""
    return (path, *(path[:index] for index, sign in enumerate(path) if sign == "/"))


class Commands(Notes):
    """A method a command, `_do_` and its name: given the words behind the name, it returns what it prints."""

    def _do_systemctl(self, words: list[str]) -> Reply | None:
        verb, *names = [word for word in words if word != "--now"]
        for name in names:
            unit = self.units.get(name)
            if unit is None:
                return 1, "", f"Unit {name} not found.\n"
            if verb in ("restart", "start"):
                is_waiting = name == "kubelet.service" and "/etc/kubernetes/kubelet.conf" not in self.files
                unit.active, unit.sub = (
                    ("activating", "auto-restart") if is_waiting else ("active", "running")
                )
                unit.restarts += 1
                self.unread.difference_update({each for each in self.unread if each.startswith(f"{name} ")})
            elif verb == "enable":
                unit.enabled = "enabled"
            elif verb == "disable":
                unit.enabled = "disabled"
                if "--now" in words:
                    unit.active = "inactive"
            elif verb == "stop":
                unit.active = "inactive"
            elif verb == "mask":
                unit.unmasked, unit.enabled = unit.enabled, "masked"
            elif verb == "unmask":
                unit.enabled = unit.unmasked if unit.enabled == "masked" else unit.enabled
            elif verb != "reload":
                raise self._unknown(f"systemctl {verb}")
        if not names and verb != "daemon-reload":
            raise self._unknown(f"systemctl {verb}")
        return None

    def _do_hostnamectl(self, words: list[str]) -> None:
        assert words[0] == "set-hostname"
        self.facts["hostname"] = words[1]
        self.put("/etc/hostname", words[1] + "\n")

    def _do_timedatectl(self, words: list[str]) -> None:
        assert words[0] == "set-timezone"
        self.facts["timezone"] = f"/usr/share/zoneinfo/{words[1]}"
        self.put("/etc/localtime", f"..{self.facts['timezone']}\n")
        if "/etc/timezone" in self.files:
            self.put("/etc/timezone", words[1] + "\n")

    def _do_swapon(self, words: list[str]) -> Reply | None:
        lines = self.text("/etc/fstab").splitlines()
        asked = words[1:] if words[0] == "--" else [w[0] for line in lines if "swap" in (w := line.split())]
        there = self.state_of("swap", "").splitlines()
        gone = [device for device in asked if device in self.no_devices]
        new = [device for device in asked if device not in (*there, *gone)]
        self.put("/proc/swaps", self.text("/proc/swaps") + "".join(f"{d} partition 1 0 -2\n" for d in new))
        return (255, "", f"swapon: cannot open {gone[0]}: No such file or directory\n") if gone else None

    def _do_sync(self, words: list[str]) -> None:
        assert words == []

    def _do_cp(self, words: list[str]) -> None:
        assert words[:3] == ["-aT", "--remove-destination", "--"]
        found = self.files[words[3]]
        assert isinstance(found, FakeFile)
        self.files[words[4]] = FakeFile(found.content, found.mode, found.owner)

    def _do_swapoff(self, words: list[str]) -> None:
        assert words == ["-a"]
        self.put("/proc/swaps", SWAPS)

    def _do_setenforce(self, words: list[str]) -> None:
        self.facts["selinux"] = {"0": "Permissive", "1": "Enforcing"}[words[0]]

    def _do_modprobe(self, words: list[str]) -> Reply | None:
        name = words[-1]
        if self.modules.get(name) not in ("available", "loaded"):
            return 1, "", f"modprobe: FATAL: Module {name} not found\n"
        self.modules[name] = "loaded"
        if name == "br_netfilter":
            for key in ("iptables", "ip6tables"):
                self.sysctls.setdefault(f"net.bridge.bridge-nf-call-{key}", "0")
        return None

    def _do_sysctl(self, words: list[str]) -> Reply | None:
        assert words[:2] == ["-q", "-w"]
        refused = ""
        for word in words[2:]:
            key, _, value = word.partition("=")
            if key == "kernel.hostname":
                self.facts["hostname"] = value
            elif key not in self.sysctls or key in self.fixed_sysctls:
                refused += f"sysctl: cannot set {key}\n"
            else:
                self.sysctls[key] = " ".join(value.split())
        return (255, "", refused) if refused else None

    def _do_rm(self, words: list[str]) -> None:
        gone = {word for word in words if not word.startswith("-")}
        for path in [p for p in self.files if not gone.isdisjoint(_and_above(p))]:
            del self.files[path]
            self.units.pop(unit_of(path), None)

    def _do_mkdir(self, words: list[str]) -> None:
        assert words[0] == "-p"

    def _do_touch(self, words: list[str]) -> None:
        for path in words:
            if path not in self.directories:
                self.files.setdefault(path, FakeFile())

    def _do_chmod(self, words: list[str]) -> None:
        found = self.files[words[1]]
        assert isinstance(found, FakeFile)
        found.mode = int(words[0], 8)

    def _do_mv(self, words: list[str]) -> None:
        *_, old, new = words
        self.files[new] = self.files.pop(old)
        if new == "/etc/localtime":
            self.facts["timezone"] = self.text(new).strip().removeprefix("..")

    def _do_cat(self, words: list[str]) -> Reply | str:
        path = words[-1]
        return self.text(path) if path in self.files else (1, "", f"cat: {path}: No such file or directory\n")

    def _do_grep(self, words: list[str]) -> Reply:
        assert words[0] == "-q"
        return (0 if words[1] in self.text(words[2]) else 1), "", ""

    def _do_stat(self, words: list[str]) -> Reply | str:
        assert words[0] == "-Lc"
        owner = self.directories.get(words[-1])
        return f"{owner}\n" if owner else (1, "", "stat: cannot statx: No such file or directory\n")

    def _do_install(self, words: list[str]) -> None:
        assert words[0] == "-d"
        self.directories[words[-1]] = f"{words[2]}:{words[4]}"

    def _do_apt_cache(self, words: list[str]) -> str:
        words = without_options(words)
        assert words[0] == "madison"
        lines = [f"{n:>10} | {v} | http://example.com" for n in words[1:] for v in self._on_lists(n)]
        return "".join(f"{line}\n" for line in lines)

    def _on_lists(self, name: str) -> tuple[str, ...]:
        return self.offered.get(name, ()) if self.has_fresh_lists else ()

    def _do_apt_get(self, words: list[str]) -> Reply | str | None:
        words = without_options(words)
        if words[0] == "update":
            self.has_fresh_lists = True
            return None
        assert "install" in (words[0], words[-1]) or "-s" in words, words
        wanted: dict[str, str] = {}
        for word in (w for w in words if not w.startswith("-") and w != "install"):
            name, _, version = word.partition("=")
            if not self._on_lists(name) or (version and version not in self._on_lists(name)):
                return 100, "", f"E: Unable to locate package {word}\n"
            wanted[name] = version or self._on_lists(name)[0]
        return self._transaction(wanted, words)

    def _transaction(self, wanted: dict[str, str], words: list[str]) -> Reply | str | None:
        removed = [rival for name in wanted for rival in self.rivals.get(name, ()) if rival in self.packages]
        if "-s" in words:
            now = {name: f" [{self.packages[name]}]" if name in self.packages else "" for name in wanted}
            gone = "".join(f"Remv {name} [{self.packages[name]}]\n" for name in removed)
            return gone + "".join(f"Inst {n}{now[n]} ({v} Fake [amd64])\n" for n, v in wanted.items())
        if removed and "--no-remove" in words:
            return 100, "", "E: Packages need to be removed but remove is disabled.\n"
        older = [n for n, v in wanted.items() if n in self.packages and compare(v, self.packages[n]) < 0]
        if older and "--allow-downgrades" not in words:
            return 100, "", "E: Packages were downgraded and -y was used without --allow-downgrades.\n"
        for name in removed:
            del self.packages[name]
        for name, version in wanted.items():
            self.install(name, version)
        return None

    def install(self, name: str, version: str) -> None:
        """A package is installed, and its unit started, as its maintainer scripts do."""
        self.packages[name] = version
        if name in UNITS:
            unit, active = UNITS[name]
            self.units.setdefault(unit, FakeUnit(active, "enabled"))

    def _do_apt_mark(self, words: list[str]) -> None:
        assert words[0] in ("hold", "unhold")
        (self.held.update if words[0] == "hold" else self.held.difference_update)(words[1:])

    def _repair_dpkg(self) -> None:
        for name in self.broken:
            self.install(name, self.offered[name][0])
        self.broken.clear()
