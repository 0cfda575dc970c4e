"""What is wrong with etcd."""

from __future__ import annotations

from collections.abc import Iterator

from k8sboot.status.etcd_view import Etcd, EtcdMember, etcd_of
from k8sboot.status.finding import Finding, problem, warning
from k8sboot.status.seen import Seen

FULL = 0.8
"""Part of etcd's quota; at all of it etcd takes no more writes."""


def findings(seen: Seen) -> Iterator[Finding]:
    """A lost quorum, members that do not respond, members of no master, and a quota that is nearly reached."""
    etcd = etcd_of(seen)
    if etcd.has_quorum is False:
        yield _no_quorum(etcd)
    for member in etcd.members:
        if member.state == "not responding" and etcd.has_quorum:
            yield _away(member, seen, etcd)
        if member.state == "learner":
            why = "it has no vote before it has caught up with the leader"
            fix = "wait a minute; then run `k8sboot explain KB-ETCD-LEARNER`"
            yield warning(
                "KB-ETCD-LEARNER", "its member of etcd is a learner", host=member.name, why=why, fix=fix
            )
        if (told := member.told) and told.quota and told.size > FULL * told.quota:
            yield _full(member.name, told.size >> 20, told.quota >> 20)
    yield from _strangers(seen, etcd)


def _no_quorum(etcd: Etcd) -> Finding:
    away = [m.name or m.id for m in etcd.members if m.state == "not responding"]
    return problem(
        "KB-ETCD-NO-QUORUM",
        f"etcd has no quorum: {etcd.alive} of {etcd.count} members respond, {etcd.quorum} are needed",
        why=f"not responding: {', '.join(away)}; until a majority is back, the API answers nothing"
        if away
        else "the members do not agree on a leader; the API answers nothing until they do",
        fix="start the masters that are off, or repair their network: etcd continues by itself; if they are lost for "
        "good, `k8sboot explain KB-ETCD-NO-QUORUM` says how to start from the data of one member",
    )


def _away(member: EtcdMember, seen: Seen, etcd: Etcd) -> Finding:
    host = next((h for h in seen.masters if h.name == member.name), None)
    spare = etcd.alive - etcd.quorum
    rest = "without it no other member may fail" if spare <= 0 else f"{spare} more may fail"
    away = "the machine does not respond" if host and host.is_silent else "the other members do not reach it"
    return problem(
        "KB-ETCD-MEMBER",
        "its member of etcd does not respond",
        host=member.name or member.id,
        why=f"{away}; {rest}",
        fix="start the machine, or repair it; if it is lost for good, replace it and run `k8sboot up`, which removes "
        "the lost member from etcd",
    )


def _full(name: str, size: int, quota: int) -> Finding:
    return warning(
        "KB-ETCD-QUOTA",
        f"its etcd holds {size} MiB of at most {quota} MiB",
        host=name,
        why="at its quota etcd takes no more writes, and the API refuses every change",
        fix="`k8sboot explain KB-ETCD-QUOTA` has the commands that compact and defragment it",
    )


def _strangers(seen: Seen, etcd: Etcd) -> Iterator[Finding]:
    masters = {host.name for host in seen.masters}
    for member in etcd.members:
        if member.name and member.name not in masters:
            yield warning(
                "KB-NOT-IN-INVENTORY",
                "a member of etcd, but no master of the inventory",
                host=member.name,
                why="etcd lists a member of this name",
                fix="add it to the inventory's masters; if the machine is gone, remove it with `etcdctl member remove "
                f"{member.id}`",
            )
