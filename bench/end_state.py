"""The end state of a prepared host: its files under /etc, packages and holds, compared one by one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

OURS = re.compile(
    r"/etc/(hosts|hostname|fstab|timezone|crictl\.yaml|default/kubelet|chrony/chrony\.conf"
    r"|containerd/(config\.toml|certs\.d/.*)|.*k8sboot.*)$"
)
"""Files that k8sboot writes."""
OF_ONE_MACHINE = re.compile(
    r"/etc/(machine-id|ssh/.*|.*-|ld\.so\.cache|\.pwd\.lock|resolv\.conf|adjtime|k8sboot/.*|python3.*|.*/__pycache__/.*)$"
)
"""Files that differ between any two hosts, k8sboot's own record, and Python, which Ansible needs on a host."""
FOR_RIVALS = re.compile(r"(lib)?python3.*|python-apt-common|distro-info-data|libsqlite3-0|media-types")
"""Packages that only Ansible needs on a host."""


@dataclass(frozen=True)
class EndState:
    """files: digests and modes by path. packages: versions by name. held: names."""

    files: Mapping[str, str]
    packages: Mapping[str, str]
    held: frozenset[str]

    def without(self, *folders: str) -> EndState:
        """Without the files below these folders."""
        kept = {path: what for path, what in self.files.items() if not path.startswith(folders)}
        return replace(self, files=kept)

    def written(self) -> list[str]:
        """Paths of the files that k8sboot writes."""
        return sorted(path for path in self.files if OURS.match(path))


def differences(one: EndState, other: EndState) -> list[str]:
    """What is not the same, a line each."""
    found = [*_unlike("file", one.files, other.files), *_unlike("package", one.packages, other.packages)]
    return found + [f"hold {name}" for name in sorted(one.held ^ other.held)]


def _unlike(kind: str, one: Mapping[str, str], other: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({*one, *other}):
        if one.get(name) != other.get(name):
            yield f"{kind} {name}: {one.get(name, 'none')} and {other.get(name, 'none')}"


def read(root: Path, packages: str, held: str) -> EndState:
    """Of a host's root directory, and what `dpkg-query -W` and `apt-mark showhold` say there."""
    installed = (line.split("\t") for line in packages.splitlines())
    return EndState(
        files=dict(_files(root)),
        packages={name: version for name, version in installed if version and not FOR_RIVALS.fullmatch(name)},
        held=frozenset(held.split()),
    )


def _files(root: Path) -> Iterator[tuple[str, str]]:
    for path in sorted((root / "etc").rglob("*")):
        name = f"/{path.relative_to(root)}"
        if OF_ONE_MACHINE.match(name):
            continue
        if path.is_symlink():
            yield name, f"-> {path.readlink()}"
        elif path.is_file():
            digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
            yield name, f"{path.stat().st_mode & 0o7777:o} {digest}"
