"""What a host's disk differs in from the root file system below it: to see whether a test left something."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

WATCHED = ("etc", "usr", "root", "home", "opt", "var/lib/k8sboot", "var/lib/dpkg", "var/lib/rpm")
"""Where a test must leave what it found; elsewhere are logs and caches."""
NOTES = (".sudo_as_admin_successful", "rpmdb.sqlite-shm")
"""Files that programs keep for themselves: sudo's of its first use, and the index of who reads RPM's database."""


@dataclass
class Disk:
    """A host's own layer, the layer below, and both together as the host sees them."""

    upper: Path
    lower: Path
    root: Path

    def look(self) -> dict[str, tuple[int, ...]]:
        """The state of every file in which the host differs, by path."""
        return {path: _state(self.root / path) for path in self._changed()}

    def differs(self, before: dict[str, tuple[int, ...]]) -> set[str]:
        """The files that are not as they were at an earlier look."""
        now = self.look()
        return {
            path
            for path in {*now, *before}
            if now.get(path, _state(self.root / path)) != before.get(path, _state(self.lower / path))
        }

    def _changed(self) -> Iterator[str]:
        for watched in WATCHED:
            for folder, _, files in os.walk(self.upper / watched):
                yield from (
                    str((Path(folder) / name).relative_to(self.upper)) for name in files if name not in NOTES
                )


def _state(path: Path) -> tuple[int, ...]:
    try:
        found = path.lstat()
    except OSError:
        return ()
    if stat.S_ISCHR(found.st_mode) and found.st_rdev == 0:
        return ()
    return (found.st_mode, found.st_uid, found.st_gid, found.st_size, found.st_mtime_ns)
