"""A member of etcd as its own metrics show it: they need no key, no API server, and no quorum."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LINE = re.compile(r"(etcd_\w{1,80})(?:\{([^{}]{0,400})\})? ([0-9.e+]{1,24})", re.ASCII)
_LABEL = re.compile(r'(\w{1,40})="([^"]{0,80})"', re.ASCII)
_ID = re.compile(r"[0-9a-f]{1,16}")
NAMES = (
    *("etcd_server_has_leader", "etcd_server_is_leader", "etcd_server_is_learner", "etcd_server_id"),
    *("etcd_server_version", "etcd_network_known_peers", "etcd_network_active_peers"),
    *("etcd_mvcc_db_total_size_in_bytes", "etcd_server_quota_backend_bytes"),
)
"""Those that are read."""


@dataclass(frozen=True)
class MemberState:
    """A member. peers: the ids of the other members; active: of those to which it has a connection.

    size, quota: of its data, in bytes; 0 if it does not say.
    """

    id: str
    version: str
    has_leader: bool
    is_leader: bool
    is_learner: bool
    peers: frozenset[str]
    active: frozenset[str]
    size: int
    quota: int

    @property
    def members(self) -> int:
        """How many members there are."""
        return len(self.peers) + 1

    @property
    def quorum(self) -> int:
        """How many of them etcd needs."""
        return self.members // 2 + 1


def member_state(text: str) -> MemberState | None:
    """Parse the metrics in NAMES, in Prometheus' form. None where they are not a member's."""
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for line in text.splitlines():
        match = _LINE.fullmatch(line.strip())
        if match:
            found.setdefault(match[1], []).append((dict(_LABEL.findall(match[2] or "")), _number(match[3])))

    def value(name: str) -> float:
        return next((number for _, number in found.get(name, ())), 0.0)

    def label(name: str, key: str) -> str:
        return next((labels.get(key, "") for labels, number in found.get(name, ()) if number), "")

    def remotes(name: str) -> frozenset[str]:
        seen = {labels.get("Remote", "") for labels, number in found.get(name, ()) if number}
        return frozenset(each for each in seen if _ID.fullmatch(each))

    if "etcd_server_has_leader" not in found:
        return None
    return MemberState(
        id=label("etcd_server_id", "server_id"),
        version=label("etcd_server_version", "server_version"),
        has_leader=value("etcd_server_has_leader") == 1,
        is_leader=value("etcd_server_is_leader") == 1,
        is_learner=value("etcd_server_is_learner") == 1,
        peers=remotes("etcd_network_known_peers"),
        active=remotes("etcd_network_active_peers"),
        size=int(value("etcd_mvcc_db_total_size_in_bytes")),
        quota=int(value("etcd_server_quota_backend_bytes")),
    )


def _number(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        return 0.0
    return found if found < 1e18 else 0.0
