"""etcd's members by name, from what each answers and from the list of one that has a quorum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from k8sboot.kubernetes.etcd_metrics import MemberState
from k8sboot.status.seen import Seen

State = Literal["leader", "follower", "learner", "no leader", "not responding", "unknown"]


@dataclass(frozen=True)
class EtcdMember:
    """A member. name: '' where only its id is known. told: what it says of itself, None if it does not answer."""

    name: str
    id: str
    state: State
    told: MemberState | None


@dataclass(frozen=True)
class Etcd:
    """All members. count: how many etcd has, by what any of them says; 0 if unknown. has_quorum: None if unknown."""

    members: tuple[EtcdMember, ...]
    count: int
    has_quorum: bool | None

    @property
    def quorum(self) -> int:
        """How many members it needs."""
        return self.count // 2 + 1 if self.count else 0

    @property
    def alive(self) -> int:
        """How many take part: those that answer, and those to which one that answers is connected."""
        return sum(m.state in ("leader", "follower", "no leader", "unknown") for m in self.members)


def etcd_of(seen: Seen) -> Etcd:
    """What is known of etcd."""
    told = {host.name: host.etcd for host in seen.masters if host.etcd}
    listed = seen.cluster.members if seen.cluster else None
    names = {state.id: name for name, state in told.items() if state.id}
    names.update({member.id: member.name for member in listed or () if member.name})
    ids = {state.id for state in told.values()} | {p for state in told.values() for p in state.peers}
    ids |= {member.id for member in listed or ()}
    active = {p for state in told.values() for p in state.active}
    by_id = {state.id: state for state in told.values()}
    members = [_member(names.get(each, ""), each, by_id.get(each), each in active) for each in ids if each]
    # Masters that do not answer, where only the number of the others is known
    nameless = [m for m in members if not m.name]
    left = [h.name for h in seen.masters if h.name not in {m.name for m in members}]
    if len(nameless) == len(left):
        members = [m for m in members if m.name] + [
            EtcdMember(name, m.id, m.state, m.told) for name, m in zip(left, nameless, strict=True)
        ]
    has_quorum = any(state.has_leader for state in told.values()) if told else None
    if listed is not None:
        has_quorum = True
    return Etcd(tuple(sorted(members, key=lambda m: (m.name or "~", m.id))), len(members), has_quorum)


def _member(name: str, member_id: str, told: MemberState | None, is_active: bool) -> EtcdMember:
    if told is None:
        return EtcdMember(name, member_id, "unknown" if is_active else "not responding", None)
    state: State = "follower"
    if not told.has_leader:
        state = "no leader"
    elif told.is_leader:
        state = "leader"
    elif told.is_learner:
        state = "learner"
    return EtcdMember(name, member_id, state, told)
