"""What a fake host answers to a probe and its questions, and what it tells of itself after a failure."""

from __future__ import annotations

import base64
import functools
import hashlib
import re
import time
from collections.abc import Iterator

from fake_membership import membership
from fake_notes import Notes
from fake_state import FakeFile, Reply

from k8sboot.host.probe import ALWAYS, MAX_CONTENT
from k8sboot.host.reads import Question, Reads
from k8sboot.kubernetes.paths import KUBELET_CONF
from k8sboot.paths import MANIFESTS_DIR, RESTART_DIR, UNFINISHED, UNREAD_REPOSITORIES

KUBELET_ENVIRONMENTS = ("/etc/default/kubelet", "/etc/sysconfig/kubelet")


@functools.cache
def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@functools.cache
def _told(content: bytes) -> str:
    """A file's size, digest and content: every host has the same files, and is asked for them again and again."""
    encoded = base64.b64encode(content).decode() if len(content) <= MAX_CONTENT else "-"
    return f"{len(content)} {hashlib.sha256(content).hexdigest()} .{encoded}"


@functools.lru_cache(maxsize=1024)
def _among(files: tuple[str, ...], begins: str, ends: str = "") -> tuple[str, ...]:
    """Those paths of a host, which mostly are those of the probe before."""
    return tuple(path for path in files if path.startswith(begins) and path.endswith(ends))


class Probes(Notes):
    """Lines as the probe and the script of k8sboot.diagnosis print them: their parsers are to be tried, too."""

    def _probed(self, reads: Reads) -> list[str]:
        return [
            *[f"fact {name} {_b64(value)}" for name, value in self._told_facts().items()],
            *map(self._file_line, (*ALWAYS, *reads.files)),
            *[f"module {name} {self.modules.get(name, 'missing')}" for name in reads.modules],
            *[
                f"sysctl {key} {'ro' if key in self.fixed_sysctls else 'rw'} {self.sysctls[key]}"
                for key in reads.sysctls
                if key in self.sysctls
            ],
            *self._package_lines(reads.packages),
            *map(self._unit_lines, reads.units),
            *map(self._answer_line, reads.questions),
        ]

    def _answer_line(self, question: Question) -> str:
        status, out, _ = self._reply(question.name, [question.script])
        return f"answer {question.name} {status} .{_b64(out.rstrip())}"

    def _told_facts(self) -> dict[str, str]:
        held = f"1000\n{' '.join(self.holder.split()[:2])} 1100\n{self.holder}\n" if self.holder else "1000"
        return {**self.facts, "time": str(int(time.time())), "restarts": self._marks(), "lock": held}

    def _marks(self) -> str:
        return " ".join(p.rpartition("/")[2] for p in _among(tuple(self.files), f"{RESTART_DIR}/"))

    def _file_line(self, path: str) -> str:
        if path in self.not_files:
            return f"other {path}"
        found = self.files.get(path)
        if found is None:
            return f"absent {path}"
        assert isinstance(found, FakeFile)
        return f"file {path} {found.mode:o} {found.owner} {_told(found.content)}"

    def _package_lines(self, names: tuple[str, ...]) -> Iterator[str]:
        for name in names:
            if name in self.packages and name not in self.broken:
                yield f"package {name} {self.packages[name]} {'held' if name in self.held else 'free'}"

    def _unit_lines(self, name: str) -> str:
        shown = self._unit_properties(name).replace("\n", "\nunit ")
        sub = f"\nunit SubState={self.units[name].sub}" if name in self.units else ""
        return f"unit Id={name}\nunit {shown}{sub}"

    def _told_of_itself(self, script: str) -> str:
        """Of the sections that are asked for, those that the test gave this host."""
        wanted = re.findall(r"^section (\S+) ", script, re.MULTILINE)
        assert len(wanted) == len(set(wanted)) > 5
        told = {name: text for name, text in self.evidence.items() if name in wanted}
        return "".join(f"section {n} .{base64.b64encode(t.encode()).decode()}\n" for n, t in told.items())

    def _reply(self, key: str, words: list[str]) -> Reply:
        if key in self.answers:
            return super()._reply(key, words)
        if key.startswith("unread-settings-"):
            asked = [each for each in sorted(self.unread) if each.split()[0] in words[0]]
            return 0, "".join(f"{each}\n" for each in asked if self._is_running(each.split()[0])), ""
        match key:
            case "former-state":
                return self.notes()
            case (
                "kubelet-disk"
                | "certificates"
                | "next-boot"
                | "cni-configurations"
                | "resolvers"
                | "dnf-health"
                | "apt-sources-malformed"
                | "programs-in-the-way"
            ):
                return 0, "", ""
            case "calico-node-addresses":
                path = f"{MANIFESTS_DIR}/calico.yaml"
                is_so = path not in self.files or "kubernetes-internal-ip" in self.text(path)
                return (0 if is_so else 1), "", ""
            case "membership":
                return 0, membership(self), ""
            case "member-node-ip":
                return 0, self._node_ip(), ""
            case "dpkg-health":
                return 0, "".join(f"package {name}\n" for name in sorted(self.broken)), ""
            case "apt-sources":
                return 0, self._sources("/etc/apt/sources.list", ""), ""
            case "yum-sources":
                return 0, self._sources("/etc/yum.repos.d/", ".repo"), ""
            case "yum-unread":
                paths = _among(tuple(self.files), f"{UNREAD_REPOSITORIES}/")
                names = [path.rpartition("/")[2] for path in paths]
                return 0, "".join(f"{name}\n" for name in sorted(names)), ""
        return super()._reply(key, words)

    def _sources(self, begins: str, ends: str) -> str:
        paths = sorted(_among(tuple(self.files), begins, ends))
        return "".join(
            f"file {p}\n" + "".join(f"| {line}\n" for line in self.text(p).splitlines()) for p in paths
        )

    def _is_running(self, unit: str) -> bool:
        return unit in self.units and self.units[unit].active == "active"

    def _node_ip(self) -> str:
        is_member = KUBELET_CONF in self.files and UNFINISHED not in self.files
        return self.kubelets_address() if is_member else ""

    def kubelets_address(self) -> str:
        """What --node-ip says."""
        paths = [path for path in KUBELET_ENVIRONMENTS if path in self.files]
        return "\n".join(m for path in paths for m in re.findall(r"--node-ip=([0-9a-f.:]*)", self.text(path)))
