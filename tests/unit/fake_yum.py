"""What yum, rpm, curl and the runbook's smaller commands do to a fake host."""

from __future__ import annotations

import re

from fake_commands import Commands
from fake_state import FakeUnit, Reply

EL7 = 'ID="centos"\nID_LIKE="rhel fedora"\nVERSION_ID="7"\nPRETTY_NAME="CentOS Linux 7 (Core)"\n'
EL9 = 'ID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.4"\nPRETTY_NAME="Rocky Linux 9.4"\n'
LOCK_PLUGIN = "/etc/yum/pluginconf.d/versionlock.conf"
LOCK_LIST = "/etc/yum/pluginconf.d/versionlock.list"
DNF_LOCKS = "/etc/dnf/plugins/versionlock.conf", "/etc/dnf/plugins/versionlock.list"
LOCKERS = {
    "yum-plugin-versionlock": (LOCK_PLUGIN, LOCK_LIST),
    "python3-dnf-plugin-versionlock": DNF_LOCKS,
}


class YumCommands(Commands):
    """versionlock works where its configuration file is; `web` is what curl and apt-helper find."""

    def _do_yum(self, words: list[str]) -> Reply | str | None:
        options = [word for word in words if word.startswith("-")]
        verb, *names = [word for word in words if not word.startswith("-")]
        match verb:
            case "clean" | "makecache":
                self.has_fresh_lists = True
                return None
            case "list":
                assert "--showduplicates" in options
                return self._listing(names)
            case "check-update":
                pending = self._pending(options)
                return (
                    (100 if pending else 0),
                    "".join(f"{n}.x86_64 {v} updates\n" for n, v in pending.items()),
                    "",
                )
            case "update":
                self.packages.update(self._pending(options))
                return None
            case "install" if "--assumeno" in options:
                assert not {"-y", "-q"} & {*options}
                return 1, self._summary(names), "Exiting on user command\n"
            case "install" | "downgrade":
                return self._install(verb, names)
            case "versionlock":
                return self._versionlock(names)
        raise self._unknown(f"yum {verb}")

    def _listing(self, names: list[str]) -> Reply | str:
        rows = [
            f"{n}.x86_64 {v.removeprefix('0:')} k8sboot"
            for n in names
            for v in reversed(self.offered.get(n, ()))
        ]
        if not rows:
            return 1, "", "Error: No matching Packages to list\n"
        return "Available Packages\n" + "\n".join(rows) + "\n"

    def _pending(self, options: list[str]) -> dict[str, str]:
        """Newer versions of what is installed, but for what is excluded or locked."""
        assert "--exclude=kernel*" in options
        newer = {n: v[0] for n, v in self.offered.items() if n in self.packages and self.packages[n] != v[0]}
        kept = {*self._locked(), *self._excluded()}
        return {n: v for n, v in newer.items() if not n.startswith("kernel") and n not in kept}

    def _locked(self) -> set[str]:
        files = [locks for _, locks in LOCKERS.values() if locks in self.files]
        lines = [line for path in files for line in self.text(path).splitlines()]
        return {re.sub(r"^\d+:|-[^-]*-[^-]*$", "", line) for line in lines}

    def _excluded(self) -> set[str]:
        repos = [p for p in self.files if p.startswith("/etc/yum.repos.d/")]
        lines = [
            line for path in repos for line in self.text(path).splitlines() if line.startswith("exclude=")
        ]
        return {name for line in lines for name in line.removeprefix("exclude=").split()}

    def _summary(self, words: list[str]) -> str:
        """What yum says that it would do; rivals are replaced."""
        names = [self._split(word)[0] for word in words]
        rows = [f" {name}  x86_64  1.0-1  k8sboot  1 k\n" for name in names]
        for index, name in enumerate(names):
            for rival in self.rivals.get(name, ()):
                if rival in self.packages:
                    rows[index] += f"     replacing  {rival}.x86_64 {self.packages[rival]}\n"
        return f"Dependencies Resolved\n\nInstalling:\n{''.join(rows)}\nTransaction Summary\n"

    def _install(self, verb: str, words: list[str]) -> Reply | None:
        for word in words:
            name, version = self._split(word)
            if name not in self.offered or (version and version not in self.offered[name]):
                return 1, f"No package {word} available.\nError: Nothing to do\n", ""
            if verb == "install" and self.packages.get(name, "") > (version or ""):
                continue  # yum 3 never goes back unless told to
            self.packages[name] = version or self.offered[name][0]
            if name == "docker-ce":
                self.units.setdefault("docker.service", FakeUnit("inactive", "disabled"))
            for package, unit in (
                ("chrony", "chronyd.service"),
                ("kubelet", "kubelet.service"),
                ("cronie", "crond.service"),
            ):
                if name == package:
                    self.units.setdefault(unit, FakeUnit("inactive", "disabled"))
            if name in LOCKERS:
                plugin, locks = LOCKERS[name]
                self.put(plugin, "[main]\nenabled=1\n")
                self.put(locks, "")
        return None

    def _split(self, word: str) -> tuple[str, str]:
        found = re.fullmatch(r"(.+)-(\d+:[^-]+-[^-]+)", word)
        return (found[1], found[2]) if found else (word, "")

    def _versionlock(self, words: list[str]) -> Reply | None:
        locks = next((locks for plugin, locks in LOCKERS.values() if plugin in self.files), "")
        if not locks:
            return 1, "", "No such command: versionlock\n"
        verb, *names = words
        lines = [
            line
            for line in self.text(locks).splitlines()
            if re.sub(r"^\d+:|-[^-]*-[^-]*$", "", line) not in names
        ]
        if verb == "add":
            for name in names:
                epoch, _, rest = self.packages[name].partition(":")
                is_dnf = locks in DNF_LOCKS
                lines.append(f"{name}-{epoch}:{rest}.*" if is_dnf else f"{epoch}:{name}-{rest}.*")
        self.put(locks, "".join(f"{line}\n" for line in lines))
        return None

    def _do_yum_complete_transaction(self, words: list[str]) -> None:
        self.answers["yum-health"] = ""

    def _do_rpm(self, words: list[str]) -> None:
        assert words == ["--rebuilddb"]
        self.answers["yum-health"] = ""

    def _do_curl(self, words: list[str]) -> Reply | str:
        assert "-fsSL" in words, "without -f an error page would pass for what was asked for"
        return self._fetched(words[-1])

    def _do_sh(self, words: list[str]) -> Reply | str:
        assert words[0] == "-c"
        if words[2] == "fetch":
            assert "apt-helper" in words[1]
            return self._fetched(words[3])
        if words[2] == "reach":
            return "".join(f"{each} {self.dead[each]}\n" for each in words[3:] if each in self.dead)
        if words[2] == "dpkg-repair":
            return ""
        if words[2] == "dpkg-reinstall":
            self._repair_dpkg()
            return ""
        if words[2] == "apt-lock-holder":  # hardly ever is there one
            self.answers.setdefault(words[2], "")
        return self._reply(words[2], words)

    def _fetched(self, url: str) -> Reply | str:
        if url in self.web:
            return self.web[url]
        return 22, "", f"curl: (22) The requested URL returned error: 404 Not Found: {url}\n"

    def _do_ssh_keygen(self, words: list[str]) -> None:
        path = words[words.index("-f") + 1]
        assert words[words.index("-N") + 1] == ""
        self.put(path, "private\n", mode=0o600)
        self.put(f"{path}.pub", f"ssh-ed25519 AAAA root@{self.name}\n")

    def _do_ntpdate(self, words: list[str]) -> None:
        assert "-b" not in words


def index_of(*urls: str) -> dict[str, str]:
    """Repositories that answer."""
    return {f"{url}/repodata/repomd.xml": '<?xml version="1.0"?>\n<repomd/>\n' for url in urls}
