"""Restart what containers depend on, on a machine that is a running member of the cluster."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from k8sboot.cluster import Cluster
from k8sboot.errors import K8sbootError
from k8sboot.host.host import Host
from k8sboot.host.peer import NotYet, Peer
from k8sboot.kubernetes import commands, parsers

PAUSE = 2.0
REPORTED = 15
"""Looks, and so 30 s, after which kubelet has reported containers that were stopped, if any were."""
TIMEOUT = 600
NOTICED = 180
"""Seconds. The cluster notices after 40 s that a kubelet has stopped (50 s from 1.32 on)."""


def not_ready_any_more(cluster: Cluster, host: Host) -> None:
    """Wait until the Node of an earlier join of this machine is no longer Ready: kubeadm refuses to join before.

    The Node of another machine with this name is not waited for: kubeadm refuses it, and rightly so.
    """
    host.wait(
        f"the cluster to notice that kubelet has stopped on {host.name}",
        lambda: _still_ready(cluster, host),
        timeout=NOTICED,
    )


def _still_ready(cluster: Cluster, host: Host) -> str:
    machine_id = host.facts.machine_id
    own = [n for n in _nodes(cluster) if n.name == host.name and n.machine_id == machine_id]
    return "its Node of an earlier join is still Ready" if any(node.is_ready for node in own) else ""


@contextmanager
def back_in_cluster(
    cluster: Cluster, host: Host, what: str, *, restarts: bool, stops_containers: bool
) -> Iterator[None]:
    """Around a restart on a member: etcd must keep its quorum, and the machine's Pods are ready before it ends.

    restarts: whether there will be one, and the host is a member. what: what happens, for the notice, such as
    'restarts kubelet'. stops_containers: whether it restarts all of the machine's containers.
    """
    if not restarts:
        yield
        return
    host.notice("KB-MEMBER-RESTART", f"{what}; one machine at a time")
    if host.role == "master" and len(cluster.spec.masters) > 1:
        host.wait("etcd to have a quorum without this master", lambda: _no_quorum(cluster, host), timeout=120)
    before = _before(cluster, host)
    yield
    looks = itertools.count(0 if stops_containers else REPORTED)
    host.wait(
        f"the Pods of {host.name} to be ready again",
        lambda: _not_back(cluster, host, before, may_be_old=next(looks) < REPORTED),
        timeout=TIMEOUT,
        pause=PAUSE,
    )


def _no_quorum(cluster: Cluster, host: Host) -> str:
    """Why etcd cannot do without this master, '' if it can. One or two members never can: the others must be ready."""
    nodes = {node.name: node for node in _nodes(cluster)}
    others = [m.name for m in cluster.spec.masters if m.name != host.name and m.name in nodes]
    away = {name: why for name in others if (why := _away(cluster, nodes[name]))}
    enough = (len(others) + 1) // 2 + 1 if len(others) > 1 else len(others)
    said = "; ".join(f"{name}: {why}" for name, why in away.items())
    return said if len(others) - len(away) < enough else ""


def _away(cluster: Cluster, node: parsers.Node) -> str:
    """Why that master does not serve; one that this run was not to connect to is as the cluster sees it."""
    peer = cluster.peers.get(node.name)
    if peer is not None:
        return peer.ask(commands.api_ready(), timeout=30).problem
    if cluster.limit is not None and node.name not in cluster.limit:
        return _unready(node)
    return "not reachable"


def _unready(node: parsers.Node) -> str:
    return "" if node.is_ready else node.message or node.reason or "not ready"


def _nodes(cluster: Cluster) -> tuple[parsers.Node, ...]:
    return parsers.nodes(cluster.first_master.read(commands.get_fields("nodes", parsers.NODES)))


@dataclass(frozen=True)
class _Before:
    """A machine before its restart. pods: the restarts of each of its Pods that was ready."""

    is_ready: bool = False
    pods: Mapping[str, int] = field(default_factory=dict)


def _before(cluster: Cluster, host: Host) -> _Before:
    """What was not ready, or not to be seen as the API did not answer, is not waited for."""
    try:
        is_ready = any(node.name == host.name and node.is_ready for node in _nodes(cluster))
        return _Before(is_ready, {pod.name: pod.restarts for pod in _pods(cluster, host) if pod.is_ready})
    except (K8sbootError, NotYet):
        return _Before()


def _pods(cluster: Cluster, host: Peer) -> tuple[parsers.Pod, ...]:
    on_host = commands.get_fields("pods", parsers.WORKLOADS, namespace="*", node=host.name)
    return parsers.pods(cluster.first_master.read(on_host))


def _not_back(cluster: Cluster, host: Host, before: _Before, *, may_be_old: bool) -> str:
    """What is not ready again; at first, the API still shows the Pods as they were before."""
    mine = [node for node in _nodes(cluster) if node.name == host.name and before.is_ready]
    unready = [f"{node.name}: {why}" for node in mine if (why := _unready(node))]
    for pod in _pods(cluster, host):
        if pod.name in before.pods:
            is_old = may_be_old and pod.restarts == before.pods[pod.name]
            why = "as before the restart" if is_old else "" if pod.is_ready else pod.reason
            unready += [f"{pod.name}: {why}"] if why else []
    return "; ".join(unready)
