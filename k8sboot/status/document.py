"""The status as plain values for JSON; docs/status.md documents the keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import Any

from k8sboot.inventory.model import Spec
from k8sboot.kubernetes.overview import LEADERS
from k8sboot.status.etcd_view import etcd_of
from k8sboot.status.finding import Finding
from k8sboot.status.findings import why_not_ready
from k8sboot.status.seen import HostSeen, Seen
from k8sboot.status.version_findings import COMPONENTS, control_plane

VERSION = 1
"""Of this format: it changes when a key is removed or gets another meaning, not when one is added."""
ADD_ONS = {
    "calico-node": "calico",
    "kube-proxy": "kube-proxy",
    "coredns": "coredns",
    "metrics-server": "metrics-server",
}
"""Workloads of kube-system that have another name as an add-on; all others have their own."""
DAY = 86400


@dataclass(frozen=True)
class LastRun:
    """A run in this machine's journal. began: seconds since the epoch."""

    run: str
    command: str
    began: float
    changes: int
    result: str
    is_active: bool


def document(
    spec: Spec, seen: Seen, found: tuple[Finding, ...], last_run: LastRun | None = None
) -> dict[str, Any]:
    """All that `status` knows. last_run: the last run of this machine that changed something."""
    problems = [_finding(each) for each in found if not each.is_warning]
    return {
        "version": VERSION,
        "cluster": spec.cluster.name,
        "healthy": not problems,
        "time": _moment(datetime.fromtimestamp(seen.at, tz=timezone.utc)),
        "seconds": round(seen.took, 3),
        "answeredBy": seen.cluster.by if seen.cluster else None,
        "endpoint": spec.cluster.control_plane_endpoint,
        "kubernetes": _kubernetes(seen),
        "problems": problems,
        "warnings": [_finding(each) for each in found if each.is_warning],
        "nodes": [*_nodes(spec, seen)],
        "controlPlane": [_master(host, seen) for host in seen.masters],
        "leaders": _leaders(seen),
        "etcd": _etcd(seen),
        "addOns": [*_add_ons(seen)],
        "notReady": [*_not_ready(seen)],
        "certificates": [*_certificates(seen)],
        "joinTokens": [*_tokens(seen)],
        "lastChange": _last_run(last_run),
        "active": [*_active(seen)],
        "notAsked": list(seen.unasked),
    }


def _finding(each: Finding) -> dict[str, str]:
    found = asdict(each)
    del found["is_warning"]
    return found


def _kubernetes(seen: Seen) -> str | None:
    """The oldest API server's version."""
    versions = control_plane(seen.cluster, "kube-apiserver").values() if seen.cluster else ()
    return min(versions, default=None)


def _nodes(spec: Spec, seen: Seen) -> Iterator[dict[str, Any]]:
    """The inventory's hosts in its order, then Nodes that it does not name."""
    hosts = {host.name: host for host in seen.hosts}
    nodes = {each.node.name: each for each in seen.cluster.overview.nodes} if seen.cluster else {}
    own = [host.name for host in spec.hosts if host.name in hosts and _is_shown(host.name, seen)]
    for name in (*own, *(n for n in nodes if n not in {h.name for h in spec.hosts})):
        host, state = hosts.get(name), nodes.get(name)
        node = state.node if state else None
        yield {
            "name": name,
            "address": host.spec.address if host else None,
            "inInventory": host is not None,
            "responds": None if host is None else not host.is_silent,
            "state": _state(host, node.is_ready if node else None, is_known=seen.cluster is not None),
            "reason": "" if node is None or node.is_ready else node.message or node.reason,
            "cordoned": bool(state and state.is_cordoned),
            "roles": list(node.roles) if node else [],
            "inventoryRole": host.spec.role if host else None,
            "kubelet": state.kubelet if state else None,
            "kubeletUnit": host.kubelet.active if host and not host.is_silent else None,
            "runtime": state.runtime if state else None,
            "proxyMode": (host.proxy_mode or None) if host else None,
            "internalIP": node.internal_ip if node else None,
        }


def _is_shown(name: str, seen: Seen) -> bool:
    return seen.limit is None or name in seen.limit


def _state(host: HostSeen | None, is_ready: bool | None, *, is_known: bool) -> str:
    """Ready, NotReady, not joined; unknown while no API server answers."""
    if is_ready is not None:
        return "Ready" if is_ready else "NotReady"
    if is_known or (host and not host.is_silent and not host.is_member):
        return "not joined"
    return "unknown"


def _master(host: HostSeen, seen: Seen) -> dict[str, Any]:
    versions = {c: control_plane(seen.cluster, c).get(host.name) for c in COMPONENTS} if seen.cluster else {}
    return {
        "name": host.name,
        "responds": not host.is_silent,
        "apiServer": "unknown"
        if host.is_silent
        else "none"
        if host.api is None
        else "not ready"
        if host.api
        else "ready",
        "reason": why_not_ready(host.api) if host.api else "",
        "versions": versions,
        "leads": [
            lease.name
            for lease in (seen.cluster.overview.leases if seen.cluster else ())
            if lease.holder == host.name
        ],
    }


def _leaders(seen: Seen) -> dict[str, Any]:
    leases = {each.name: each for each in seen.cluster.overview.leases} if seen.cluster else {}
    return {
        name: {"holder": leases[name].holder or None, "renewed": _moment(leases[name].renewed)}
        if name in leases
        else None
        for name in LEADERS
    }


def _etcd(seen: Seen) -> dict[str, Any]:
    etcd = etcd_of(seen)
    return {
        "hasQuorum": etcd.has_quorum,
        "members": [
            {
                "name": member.name or None,
                "id": member.id,
                "state": member.state,
                "version": member.told.version if member.told else None,
                "bytes": member.told.size if member.told else None,
                "quotaBytes": member.told.quota if member.told else None,
            }
            for member in etcd.members
        ],
        "responding": etcd.alive,
        "quorum": etcd.quorum,
    }


def _add_ons(seen: Seen) -> Iterator[dict[str, Any]]:
    for state in seen.cluster.overview.workloads if seen.cluster else ():
        work = state.workload
        yield {
            "name": ADD_ONS.get(work.name, work.name),
            "kind": work.kind,
            "version": state.version or None,
            "ready": work.ready,
            "wanted": work.wanted,
            "settled": work.is_settled,
        }


def _not_ready(seen: Seen) -> Iterator[dict[str, Any]]:
    cluster = seen.cluster
    for pod in (state.pod for state in cluster.overview.pods) if cluster else ():
        if cluster and not pod.is_ready:
            event = cluster.events.get(f"Pod/{pod.name}", "")
            yield {
                "pod": pod.name,
                "node": pod.node or None,
                "reason": pod.reason,
                "lastEvent": event,
                "restarts": pod.restarts,
            }


def _certificates(seen: Seen) -> Iterator[dict[str, Any]]:
    for host in seen.hosts:
        for path, end in host.certificates.items():
            left = int((end.timestamp() - host.now) // DAY)
            yield {"host": host.name, "path": path, "ends": _moment(end), "daysLeft": left}


def _tokens(seen: Seen) -> Iterator[dict[str, Any]]:
    cluster = seen.cluster
    for token in cluster.overview.tokens if cluster else ():
        left = token.expires.timestamp() - cluster.now if cluster and token.expires else None
        yield {
            "id": token.id,
            "description": token.description,
            "expires": _moment(token.expires),
            "daysLeft": None if left is None else round(left / DAY, 4),
            "joins": token.joins and (left is None or left > 0),
        }


def _last_run(run: LastRun | None) -> dict[str, Any] | None:
    if run is None:
        return None
    began = _moment(datetime.fromtimestamp(run.began, tz=timezone.utc))
    return {
        "run": run.run,
        "command": run.command,
        "began": began,
        "changes": run.changes,
        "result": run.result,
        "active": run.is_active,
    }


def _active(seen: Seen) -> Iterator[dict[str, Any]]:
    """Jobs that still run, and runs that hold a host."""
    for host in seen.hosts:
        held = host.holder if host.holder and host.holder.seconds > 0 else None
        if host.jobs or held:
            yield {"host": host.name, "jobs": list(host.jobs), "heldBy": held.who if held else None}


def _moment(when: datetime | None) -> str | None:
    return when.isoformat(timespec="seconds").replace("+00:00", "Z") if when else None


def days_left(document: Mapping[str, Any], host: str) -> int | None:
    """The days until the first of a host's certificates ends."""
    return min((each["daysLeft"] for each in document["certificates"] if each["host"] == host), default=None)
