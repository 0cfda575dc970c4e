"""What is saved on a fake host before a change, and the question that reads it back.

This stays a second implementation of originals.sh and noted.sh: tests of `reset --restore-os` alter what lies there
between the two, and the real shell would need a real systemd, sysctl and package manager under it.
"""

from __future__ import annotations

import base64
import hashlib
import re

from fake_state import FakeFile, HostState, Reply

from k8sboot.host.originals import PriorState
from k8sboot.paths import ORIGINALS_DIR, PRIOR_DIR

_ORIGINALS, _PRIOR = _KEPT = f"{ORIGINALS_DIR}/", f"{PRIOR_DIR}/"
BESIDE = (".k8sboot-sha256", ".k8sboot-ours", ".k8sboot-copy", ".k8sboot-part", ".k8sboot-readers")


class Notes(HostState):
    """Originals and former states lie among the host's files, as on a real one."""

    @property
    def originals(self) -> dict[str, FakeFile | None]:
        """The first originals by path, None where there was no file."""
        found: dict[str, FakeFile | None] = {}
        for path, file in self.files.items():
            if path.startswith(_ORIGINALS) and not path.endswith(BESIDE):
                name = path.removeprefix(ORIGINALS_DIR)
                assert isinstance(file, FakeFile)
                found[name.removesuffix(".k8sboot-absent")] = None if name.endswith("-absent") else file
        return found

    def note(self, state: PriorState) -> None:
        """Save this once, as host/originals.py says."""
        kind, name, aim = state.kind, state.name, state.aim
        if kind == "file":
            self.keep(name)
            if aim:
                self._line(f"{ORIGINALS_DIR}{name}.k8sboot-ours", aim)
            return
        path = f"{PRIOR_DIR}/{kind}/{name.replace('/', '%')}"
        if path not in self.files:
            if kind in ("sysctl", "selinux", "hostname") and aim == self.state_of(kind, name):
                return
            self._complete()
            self.put(
                path,
                (self.state_of(kind, name) if kind not in ("module", "hold", "package") else "no") + "\n",
            )
        if aim:
            self._line(f"{path}.ours", aim)

    def state_of(self, kind: str, name: str) -> str:
        """As the kind's own tool prints it."""
        match kind:
            case "unit":
                return self._unit_properties(name)
            case "sysctl":
                return self.sysctls.get(name, "")
            case "swap":
                return "\n".join(line.split()[0] for line in self.text("/proc/swaps").splitlines()[1:])
            case "selinux":
                return self.facts.get("selinux", "")
            case "hostname":
                return self.facts["hostname"]
            case "module":
                return "loaded" if self.modules.get(name) == "loaded" else ""
            case "package":
                return "installed" if name in self.packages else ""
            case "hold":
                return "hold" if self.is_held(name) else ""
        raise self._unknown(f"a note of {kind}")

    def _unit_properties(self, name: str) -> str:
        unit = self.units.get(name)
        load = "not-found" if unit is None else "masked" if unit.enabled == "masked" else "loaded"
        active, enabled = (unit.active, unit.enabled) if unit else ("inactive", "")
        return f"LoadState={load}\nActiveState={active}\nUnitFileState={enabled}"

    def is_held(self, name: str) -> bool:
        """By apt-mark, or by a line of versionlock."""
        locked = f"{name}-[^-]+-[^-]+$"
        lists = [f for p, f in self.files.items() if p.endswith("versionlock.list") and p.startswith("/etc/")]
        lines = [line for f in lists if isinstance(f, FakeFile) for line in f.content.decode().splitlines()]
        return name in self.held or any(re.search(f"(^|:){locked}", line) for line in lines)

    def _complete(self) -> None:
        if not any(path.startswith(_KEPT) for path in self.files):
            self.put(f"{PRIOR_DIR}/complete/", "")

    def keep(self, path: str) -> None:
        """The first original of a file."""
        kept = f"{ORIGINALS_DIR}{path}"
        if kept in self.files or f"{kept}.k8sboot-absent" in self.files:
            return
        self._complete()
        found = self.files.get(path)
        if found is None:
            self.put(f"{kept}.k8sboot-absent", "\n")
            return
        assert isinstance(found, FakeFile)
        self.put(f"{kept}.k8sboot-sha256", _digest(found.content) + "\n")
        self.files[kept] = FakeFile(found.content, found.mode, found.owner)

    def ours(self, path: str, data: bytes, kind: str, readers: tuple[str, ...], part: str = "") -> None:
        """What k8sboot is about to put there."""
        kept = f"{ORIGINALS_DIR}{path}"
        self._line(f"{kept}.k8sboot-ours", _digest(data))
        self.files.pop(f"{kept}.k8sboot-copy", None)
        if kind == "shown":
            self.files[f"{kept}.k8sboot-copy"] = FakeFile(data)
        self.files.pop(f"{kept}.k8sboot-part", None)
        if part:
            self.files[f"{kept}.k8sboot-part"] = FakeFile(part.encode())
        for unit in readers:
            self._line(f"{kept}.k8sboot-readers", unit)

    def _line(self, path: str, text: str) -> None:
        now = self.text(path) if path in self.files else ""
        if text not in now.splitlines():
            self.put(path, f"{now}{text}\n")

    # -- the question

    def notes(self) -> Reply:
        """The answer to the question of ensure/restore/notes.py."""
        lines = ["complete"] if f"{PRIOR_DIR}/complete/" in self.files else []
        for path in sorted(path for path in self.files if path.startswith(_PRIOR)):
            if not path.endswith((".ours", "/complete/")):
                kind, name = path.removeprefix(f"{PRIOR_DIR}/").split("/")
                name = name.replace("%", "/")
                now = self.state_of(kind, name)
                lines.append(
                    f"state {kind} {name} .{self._b64(path)} .{self._b64(f'{path}.ours')} .{_b64(now.encode())}"
                )
        for path, original in sorted(self.originals.items()):
            kept = f"{ORIGINALS_DIR}{path}"
            digest = "absent" if original is None else _digest(original.content)
            noted = f"{kept}.k8sboot-sha256"
            was = self.text(noted).strip() if noted in self.files else digest
            now = self._digest_at(path)
            lines.append(
                f"file .{_b64(path.encode())} {was} {'yes' if was == digest else 'no'} {now}"
                f" .{self._b64(f'{kept}.k8sboot-ours')} .{self._b64(f'{kept}.k8sboot-readers')} ."
                f" .{_b64(self.owner_of_folder(path).encode())}"
            )
        return 0, "".join(f"{line}\n" for line in lines), ""

    def _digest_at(self, path: str) -> str:
        found = self.files.get(path)
        if path in self.not_files:
            return "other"
        return _digest(found.content) if isinstance(found, FakeFile) else "absent"

    def owner_of_folder(self, path: str) -> str:
        """A home is its user's, everything else is root's."""
        return path.split("/")[2] if path.startswith("/home/") else "root"

    def _b64(self, path: str) -> str:
        found = self.files.get(path)
        return _b64(found.content) if isinstance(found, FakeFile) else ""


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
