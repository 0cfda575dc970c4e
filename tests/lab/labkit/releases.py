"""The versions of Kubernetes that a lab can have: ../releases.json, which the mirrors are built by as well."""

import json
from pathlib import Path

from labkit.errors import LabError

DEFAULT = "1.20"
CGROUP_V2_SINCE = 35
_TABLE: dict[str, dict[str, str]] = json.loads(
    (Path(__file__).resolve().parents[1] / "releases.json").read_text()
)


def words() -> str:
    """The minors, to choose from."""
    return ", ".join(_TABLE)


def find(minor: str) -> dict[str, str]:
    """The versions that belong to a minor."""
    if minor not in _TABLE:
        raise LabError(f"no lab with Kubernetes {minor}: there are {words()}", 2)
    return _TABLE[minor]


def needs_cgroup_v2(minor: str) -> bool:
    """Whether its kubelet starts with control groups v1 only when it is told to."""
    return int(minor.partition(".")[2]) >= CGROUP_V2_SINCE
