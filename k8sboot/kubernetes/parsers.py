"""Nodes, Pods and workloads from the fields that kubectl prints of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from k8sboot.kubernetes.answers import at, mappings_at, number_at, text_at
from k8sboot.kubernetes.rows import Fields, read_rows

_ROLE = "node-role.kubernetes.io/"
_READY = 'status.conditions[?(@.type=="Ready")]'
_INTERNAL = 'status.addresses[?(@.type=="InternalIP")].address'
_MACHINE_ID = "status.nodeInfo.machineID"
NODES: Fields = ("metadata.name", "metadata.labels", "spec.podCIDR", _MACHINE_ID, _INTERNAL, _READY)
POD_ADDRESSES: Fields = (
    "metadata.name",
    "spec.nodeName",
    "spec.hostNetwork",
    "status.podIP",
    "status.phase",
    _READY,
)
WORKLOADS: Fields = (
    *("kind", "metadata.namespace", "metadata.name", "metadata.generation", "metadata.ownerReferences"),
    *("spec.nodeName", "spec.replicas"),
    *("status.phase", _READY, "status.initContainerStatuses[*].state", "status.containerStatuses[*].state"),
    *("status.containerStatuses[*].restartCount", "status.observedGeneration"),
    *("status.desiredNumberScheduled", "status.updatedNumberScheduled", "status.numberReady"),
    *("status.replicas", "status.updatedReplicas", "status.readyReplicas"),
)
"""Of DaemonSets, Deployments and Pods."""


@dataclass(frozen=True)
class Node:
    """A member of the cluster. reason and message say why it is not ready. pod_cidr: its block, '' for none.

    machine_id: that of /etc/machine-id there.
    """

    name: str
    is_ready: bool
    reason: str
    message: str
    roles: tuple[str, ...]
    internal_ip: str = ""
    pod_cidr: str = ""
    machine_id: str = ""

    @property
    def is_control_plane(self) -> bool:
        """Whether it runs the control plane, under either name of that role."""
        return "control-plane" in self.roles or "master" in self.roles


@dataclass(frozen=True)
class Pod:
    """A Pod. reason: the container's state if it has a problem (CrashLoopBackOff), else the phase."""

    namespace: str
    name: str
    node: str
    owner: str
    is_ready: bool
    reason: str
    restarts: int


@dataclass(frozen=True)
class PodAddress:
    """Where a Pod runs. address: '' before it has one. on_host: it has its node's network."""

    name: str
    node: str
    address: str
    on_host: bool
    is_ready: bool


@dataclass(frozen=True)
class Workload:
    """A DaemonSet or Deployment. is_settled: its newest revision was observed, all its Pods are updated and ready."""

    kind: str
    namespace: str
    name: str
    wanted: int
    updated: int
    ready: int
    is_settled: bool


def nodes(text: str) -> tuple[Node, ...]:
    """From the fields NODES. Raises BadAnswer."""
    return tuple(node_of(item) for item in read_rows(text, NODES, asked="nodes"))


def pods(text: str) -> tuple[Pod, ...]:
    """From the fields WORKLOADS, alone or among other kinds. Raises BadAnswer."""
    found = read_rows(text, WORKLOADS, asked="pods")
    return tuple(pod_of(item) for item in found if text_at(item, "kind") in ("Pod", ""))


def pod_addresses(text: str) -> tuple[PodAddress, ...]:
    """From the fields POD_ADDRESSES. Raises BadAnswer."""
    return tuple(_pod_address(item) for item in read_rows(text, POD_ADDRESSES, asked="pods"))


def workloads(text: str) -> tuple[Workload, ...]:
    """From the fields WORKLOADS, alone or among other kinds. Raises BadAnswer."""
    found = read_rows(text, WORKLOADS, asked="workloads")
    return tuple(workload_of(item) for item in found if text_at(item, "kind") in ("DaemonSet", "Deployment"))


def node_of(item: Mapping[str, Any]) -> Node:
    """A Node from these fields."""
    ready = _condition(item, "Ready")
    return Node(
        name=text_at(item, "metadata", "name"),
        is_ready=text_at(ready, "status") == "True",
        reason=text_at(ready, "reason"),
        message=text_at(ready, "message"),
        roles=_roles(at(item, "metadata", "labels")),
        internal_ip=next((text_at(a, "address") for a in mappings_at(item, "status", "addresses")), ""),
        pod_cidr=text_at(item, "spec", "podCIDR"),
        machine_id=text_at(item, "status", "nodeInfo", "machineID"),
    )


def _roles(labels: object) -> tuple[str, ...]:
    keys = labels if isinstance(labels, Mapping) else {}
    return tuple(sorted(key.removeprefix(_ROLE) for key in keys if key.startswith(_ROLE)))


def pod_of(item: Mapping[str, Any]) -> Pod:
    """A Pod from these fields."""
    containers = mappings_at(item, "status", "containerStatuses")
    phase = text_at(item, "status", "phase")
    owners = mappings_at(item, "metadata", "ownerReferences")
    return Pod(
        namespace=text_at(item, "metadata", "namespace"),
        name=text_at(item, "metadata", "name"),
        node=text_at(item, "spec", "nodeName"),
        owner="/".join((text_at(owners[0], "kind"), text_at(owners[0], "name"))) if owners else "",
        is_ready=phase == "Succeeded" or text_at(_condition(item, "Ready"), "status") == "True",
        reason=next((trouble for status in _statuses(item) if (trouble := _trouble(status))), phase),
        restarts=sum(number_at(status, "restartCount") for status in containers),
    )


def _pod_address(item: Mapping[str, Any]) -> PodAddress:
    return PodAddress(
        name=text_at(item, "metadata", "name"),
        node=text_at(item, "spec", "nodeName"),
        address=text_at(item, "status", "podIP"),
        on_host=text_at(item, "spec", "hostNetwork") == "true",
        is_ready=text_at(_condition(item, "Ready"), "status") == "True",
    )


def _statuses(item: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    return mappings_at(item, "status", "initContainerStatuses") + mappings_at(
        item, "status", "containerStatuses"
    )


def _trouble(status: Mapping[str, Any]) -> str:
    waiting = text_at(status, "state", "waiting", "reason")
    # Plain waiting for its turn is no trouble.
    return "" if waiting in ("ContainerCreating", "PodInitializing") else waiting


def workload_of(item: Mapping[str, Any]) -> Workload:
    """A DaemonSet or Deployment from these fields."""
    kind = text_at(item, "kind")
    daemon = kind == "DaemonSet"
    wanted = _wanted(item, daemon=daemon)
    updated = number_at(item, "status", "updatedNumberScheduled" if daemon else "updatedReplicas")
    ready = number_at(item, "status", "numberReady" if daemon else "readyReplicas")
    seen = number_at(item, "status", "observedGeneration") >= number_at(item, "metadata", "generation")
    alive = wanted if daemon else number_at(item, "status", "replicas")
    return Workload(
        kind=kind,
        namespace=text_at(item, "metadata", "namespace"),
        name=text_at(item, "metadata", "name"),
        wanted=wanted,
        updated=updated,
        ready=ready,
        is_settled=seen and updated == wanted == ready == alive,
    )


def _wanted(item: Mapping[str, Any], *, daemon: bool) -> int:
    if daemon:
        return number_at(item, "status", "desiredNumberScheduled")
    # A Deployment that does not say how many it wants gets one.
    return 1 if at(item, "spec", "replicas") is None else number_at(item, "spec", "replicas")


def _condition(item: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    conditions = mappings_at(item, "status", "conditions")
    return next((condition for condition in conditions if condition.get("type") == kind), {})
