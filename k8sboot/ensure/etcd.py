"""Remove lost members from etcd."""

from __future__ import annotations

from k8sboot.host.host import Host
from k8sboot.host.peer import Peer
from k8sboot.kubernetes import etcd

TIMEOUT = 120
"""Seconds for etcd's Pod to start and answer after kubeadm init."""


def no_etcd_member(host: Host, gone: Peer) -> None:
    """Remove that machine from etcd's members, as listed by this master's own member."""
    question = etcd.member_list(host.name)
    host.wait("etcd to list its members", lambda: host.ask(question).problem, timeout=TIMEOUT)
    found = host.check(lambda: " ".join(_ids(host, gone))).split()
    if found:
        host.change(
            f"remove {gone.name} from etcd",
            *[etcd.member_remove(host.name, member_id) for member_id in found],
            check=lambda: f"etcd still has {gone.name}" if _ids(host, gone) else "",
        )


def _ids(host: Peer, gone: Peer) -> tuple[str, ...]:
    listed = etcd.members(host.read(etcd.member_list(host.name)))
    return tuple(m.id for m in listed if m.name == gone.name or gone.node.value in m.addresses)
