"""Restart what containers depend on, on a machine that is a running member of the cluster."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from k8sboot.cluster import Cluster
from k8sboot.errors import K8sbootError
from k8sboot.host.host import Host
from k8sboot.host.peer import NotYet, Peer
from k8sboot.kubernetes import commands, parsers
from k8sboot.kubernetes.paths import ADMIN_CONF

PAUSE = 2.0
REPORTED = 15
"""Looks, and so 30 s, after which kubelet has reported containers that were stopped, if any were."""
TIMEOUT = 600


@contextmanager
def back_in_cluster(
    cluster: Cluster, host: Host, what: str, *, restarts: bool, stops_containers: bool
) -> Iterator[None]:
    """Around a restart on a member: etcd must keep its quorum, and the machine's Pods are ready before it ends.

    restarts: whether there will be one, and the host is a member. what: what is restarted; stops_containers: with all
    of the machine's containers.
    """
    if not restarts:
        yield
        return
    all_of_it = " and all containers of this machine" if stops_containers else ", containers keep running"
    host.notice("KB-MEMBER-RESTART", f"restarts {what}{all_of_it}; one machine at a time")
    if host.role == "master":
        host.wait("etcd to have a quorum without this master", lambda: _no_quorum(cluster, host), timeout=120)
    before = _ready_pods(cluster, host)
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
    others = [spec.name for spec in cluster.spec.masters if spec.name != host.name]
    away = {name: why for name in others if (why := _away(cluster, name))}
    members = len(others) + 1
    enough = members // 2 + 1 if members > 2 else members - 1
    return (
        "; ".join(f"{name}: {why}" for name, why in away.items()) if len(others) - len(away) < enough else ""
    )


def _away(cluster: Cluster, name: str) -> str:
    peer = cluster.peers.get(name)
    if peer is None:
        return "not reachable"
    if peer.file(ADMIN_CONF) is None:
        return "not in the cluster"
    return peer.ask(commands.api_ready(), timeout=30).problem


def _ready_pods(cluster: Cluster, host: Host) -> Mapping[str, int]:
    """The restarts of each Pod that is ready there; none if the API does not answer."""
    try:
        return {pod.name: pod.restarts for pod in _pods(cluster, host) if pod.is_ready}
    except (K8sbootError, NotYet):
        return {}


def _pods(cluster: Cluster, host: Peer) -> list[parsers.Pod]:
    on_host = commands.get_fields("pods", parsers.WORKLOADS, namespace="*", node=host.name)
    return list(parsers.pods(cluster.first_master.read(on_host)))


def _not_back(cluster: Cluster, host: Host, before: Mapping[str, int], *, may_be_old: bool) -> str:
    """What is not ready; at first, the API still shows the Pods as they were before."""
    nodes = parsers.nodes(cluster.first_master.read(commands.get_fields("nodes", parsers.NODES)))
    mine = [node for node in nodes if node.name == host.name and not node.is_ready]
    unready = [f"{node.name}: {node.message or node.reason}" for node in mine]
    pods = [pod for pod in _pods(cluster, host) if pod.name in before]
    unready += [f"{pod.name}: {pod.reason}" for pod in pods if not pod.is_ready]
    unready += [
        f"{pod.name}: as before the restart"
        for pod in pods
        if may_be_old and pod.restarts == before[pod.name]
    ]
    return "; ".join(unready)
