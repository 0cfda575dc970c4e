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

from k8sboot.host.probe import ALWAYS, KERNELS
from k8sboot.host.probe_output import SYSCTLS
from k8sboot.host.probed_files import MAX_CONTENT
from k8sboot.host.reads import Question, Reads
from k8sboot.kubernetes.paths import KUBELET_CONF
from k8sboot.paths import MANIFESTS_DIR, RESTART_DIR, UNFINISHED, UNREAD_REPOSITORIES

KUBELET_ENVIRONMENTS = ("/etc/default/kubelet", "/etc/sysconfig/kubelet")


WORD = "a-word"
"""Before each answer; a real one is new for each probe."""


@functools.cache
def _told(content: bytes) -> tuple[int, str]:
    """A file's size and digest: every host has the same files, and is asked for them again and again."""
    return len(content), hashlib.sha256(content).hexdigest()


@functools.lru_cache(maxsize=1024)
def _among(files: tuple[str, ...], begins: str, ends: str = "") -> tuple[str, ...]:
    """Those paths of a host, which mostly are those of the probe before."""
    return tuple(path for path in files if path.startswith(begins) and path.endswith(ends))


class Probes(Notes):
    """Lines as the probe and the script of k8sboot.diagnosis print them: their parsers are to be tried, too."""

    def _probed(self, reads: Reads) -> bytes:
        modules = "".join(f"{name} {self.modules.get(name, 'missing')}\n" for name in reads.modules)
        values = [f"{SYSCTLS}{key.replace('.', '/')}" for key in reads.sysctls]
        paths = tuple(dict.fromkeys((*ALWAYS, *reads.files)))
        answers = [
            *((f"fact {name}", value.encode()) for name, value in self._told_facts().items()),
            *self._files([p for p in paths if not p.startswith(KERNELS)]),
            *self._values([p for p in paths if p.startswith(KERNELS)], values),
            ("modules", modules.encode()),
            ("dpkg", self._package_lines(reads.packages).encode()),
            ("units", "\n".join(map(self._unit_lines, reads.units)).encode()),
            *(answer for question in reads.questions for answer in self._answered_question(question)),
        ]
        return WORD.encode() + b"".join(f"\n{WORD} {head}\n".encode() + body for head, body in answers)

    def _answered_question(self, question: Question) -> tuple[tuple[str, bytes], tuple[str, bytes]]:
        status, out, _ = self._reply(question.name, [question.script])
        return (f"answer {question.name}", out.encode()), (f"status {status}", b"")

    def _told_facts(self) -> dict[str, str]:
        held = f"1000\n{' '.join(self.holder.split()[:2])} 1100\n{self.holder}\n" if self.holder else "1000"
        return {**self.facts, "time": str(int(time.time())), "restarts": self._marks(), "lock": held}

    def _marks(self) -> str:
        return " ".join(p.rpartition("/")[2] for p in _among(tuple(self.files), f"{RESTART_DIR}/"))

    def _files(self, paths: list[str]) -> Iterator[tuple[str, bytes]]:
        found = {path: file for path in paths if isinstance(file := self.files.get(path), FakeFile)}
        others = [f"other {p}\n" for p in paths if p in self.not_files]
        absent = [f"absent {p}\n" for p in paths if p not in found and p not in self.not_files]
        yield "files", "".join((*others, *absent)).encode()
        told = {
            path: (file, *_told(file.content)) for path, file in found.items() if path not in self.not_files
        }
        states = (f"{size} {f.mode:o} 0:0 {f.owner} {path}\n" for path, (f, size, _) in told.items())
        yield "states", "".join(states).encode()
        yield "digests", "".join(f"{digest}  {path}\n" for path, (*_, digest) in told.items()).encode()
        yield "contents", b"".join(f.content for f, size, _ in told.values() if size <= MAX_CONTENT)

    def _values(self, files: list[str], sysctls: list[str]) -> Iterator[tuple[str, bytes]]:
        """The kernel's files, and parameters."""
        texts = {path: self.text(path) for path in files if path in self.files}
        for path in sysctls:
            key = path.removeprefix(SYSCTLS).replace("/", ".")
            if key in self.sysctls:
                texts[path] = self.sysctls[key]
        fixed = {f"{SYSCTLS}{key.replace('.', '/')}" for key in self.fixed_sysctls}
        yield (
            "files",
            "".join(f"absent {path}\n" for path in (*files, *sysctls) if path not in texts).encode(),
        )
        states = (f"0 {'444' if path in fixed else '644'} 0:0 root:root {path}\n" for path in texts)
        yield "states", "".join(states).encode()
        lines = (f"{path}:{line}\n" for path, text in texts.items() for line in text.splitlines())
        yield "values", "".join(lines).encode()

    def _package_lines(self, names: tuple[str, ...]) -> str:
        there = [name for name in names if name in self.packages and name not in self.broken]
        return "".join(f"{'h' if n in self.held else 'i'}i |{n}|{self.packages[n]}\n" for n in there)

    def _unit_lines(self, name: str) -> str:
        sub = f"\nSubState={self.units[name].sub}" if name in self.units else ""
        return f"Id={name}\n{self._unit_properties(name)}{sub}\n"

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
