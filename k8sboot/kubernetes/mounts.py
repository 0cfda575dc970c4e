"""What is mounted below the directories that a reset empties, as scripts/volume-mounts.sh prints it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ESCAPE = re.compile(r"\\([0-7]{3})")
_POD = re.compile(r"/pods/([\w-]+)/volume")


@dataclass(frozen=True)
class Mount:
    """One mount. source: a device, or SOURCE[FOLDER] for a bind mount. users: processes, as `PID NAME`."""

    path: str
    kind: str
    source: str
    users: tuple[str, ...] = ()

    @property
    def pod(self) -> str:
        """The UID of the pod that has the volume, '' for none."""
        found = _POD.search(self.path)
        return found[1] if found else ""


def parse(text: str) -> tuple[Mount, ...]:
    """The mounts, in the order to unmount them."""
    found: list[tuple[list[str], list[str]]] = []
    for line in text.splitlines():
        if line.startswith(" "):
            users = found[-1][1] if found else []
            users.append(line.strip())
        elif len(words := line.split(" ")) == 3:
            found.append(([_plain(word) for word in words], []))
    return tuple(Mount(path, kind, source, tuple(users)) for (kind, source, path), users in found)


def _plain(word: str) -> str:
    return _ESCAPE.sub(lambda octal: chr(int(octal[1], 8)), word)
