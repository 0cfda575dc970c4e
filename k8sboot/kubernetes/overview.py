"""The state of a cluster as one answer of kubectl: nodes, what is in kube-system, who leads, join tokens."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from k8sboot.kubernetes.answers import at, mappings_at, number_at, text_at
from k8sboot.kubernetes.parsers import NODES, WORKLOADS, Node, Pod, Workload, node_of, pod_of, workload_of
from k8sboot.kubernetes.rows import END, Fields, read_rows
from k8sboot.kubernetes.tokens import decoded, moment

KINDS = "nodes,daemonsets,deployments,pods,leases.coordination.k8s.io,secrets"
FIELDS: Fields = tuple(
    dict.fromkeys(
        (
            *WORKLOADS,
            *NODES,
            *(
                "spec.unschedulable",
                "status.nodeInfo.kubeletVersion",
                "status.nodeInfo.containerRuntimeVersion",
            ),
            *("spec.containers[*].image", "spec.template.spec.containers[*].image"),
            *("spec.holderIdentity", "spec.leaseDurationSeconds", "spec.renewTime"),
            *("type", "data.token-id", "data.description", "data.expiration"),
            *("data.usage-bootstrap-authentication", "data.usage-bootstrap-signing"),
        )
    )
)
"""Of a Secret nothing that is secret."""
TOKEN = "bootstrap.kubernetes.io/token"  # noqa: S105 - the type of a Secret
LEADERS = ("kube-controller-manager", "kube-scheduler")
_TAG = re.compile(r":([\w.+-]{1,128})(?:@|$)", re.ASCII)


@dataclass(frozen=True)
class NodeState:
    """A Node. kubelet, runtime: their versions as it reports them. is_cordoned: takes no new Pods."""

    node: Node
    kubelet: str
    runtime: str
    is_cordoned: bool


@dataclass(frozen=True)
class PodState:
    """A Pod of kube-system. version: the tag of its first image."""

    pod: Pod
    version: str


@dataclass(frozen=True)
class WorkloadState:
    """A DaemonSet or Deployment of kube-system. version: the tag of its first image."""

    workload: Workload
    version: str


@dataclass(frozen=True)
class Lease:
    """Who leads a component. holder: the node, '' for none. renewed: None if never."""

    name: str
    holder: str
    renewed: datetime | None
    lasts: int


@dataclass(frozen=True)
class JoinToken:
    """A bootstrap token without its secret part. expires: None if it never does. joins: a machine can join with it."""

    id: str
    description: str
    expires: datetime | None
    joins: bool


@dataclass(frozen=True)
class Overview:
    """All of it."""

    nodes: tuple[NodeState, ...]
    workloads: tuple[WorkloadState, ...]
    pods: tuple[PodState, ...]
    leases: tuple[Lease, ...]
    tokens: tuple[JoinToken, ...]


def overview(text: str) -> Overview:
    """Parse kubectl's answer about KINDS with FIELDS, in which warnings may stand. Raises BadAnswer."""
    items = read_rows(_rows_of(text), FIELDS, asked="its nodes and what is in kube-system")
    by_kind: dict[str, list[Mapping[str, Any]]] = {}
    for item in items:
        by_kind.setdefault(text_at(item, "kind"), []).append(item)

    def of(*kinds: str) -> Iterable[Mapping[str, Any]]:
        return (item for kind in kinds for item in by_kind.get(kind, ()))

    return Overview(
        nodes=tuple(map(_node, of("Node"))),
        workloads=tuple(map(_workload, of("DaemonSet", "Deployment"))),
        pods=tuple(map(_pod, of("Pod"))),
        leases=tuple(_lease(item) for item in of("Lease") if text_at(item, "metadata", "name") in LEADERS),
        tokens=tuple(_token(item) for item in of("Secret") if text_at(item, "type") == TOKEN),
    )


def _rows_of(text: str) -> str:
    """Without kubectl's warnings, which stand among the rows."""
    return "\n".join(line for line in text.split("\n") if "\t" in line or line == END)


def _node(item: Mapping[str, Any]) -> NodeState:
    about = at(item, "status", "nodeInfo")
    return NodeState(
        node=node_of(item),
        kubelet=text_at(about, "kubeletVersion"),
        runtime=text_at(about, "containerRuntimeVersion").replace("://", " "),
        is_cordoned=text_at(item, "spec", "unschedulable") == "true",
    )


def _workload(item: Mapping[str, Any]) -> WorkloadState:
    return WorkloadState(
        workload_of(item), _version(mappings_at(item, "spec", "template", "spec", "containers"))
    )


def _pod(item: Mapping[str, Any]) -> PodState:
    return PodState(pod_of(item), _version(mappings_at(item, "spec", "containers")))


def _version(containers: Iterable[Mapping[str, Any]]) -> str:
    tag = next((_TAG.search(text_at(each, "image").rpartition("/")[2]) for each in containers), None)
    return tag[1] if tag else ""


def _lease(item: Mapping[str, Any]) -> Lease:
    renewed = text_at(item, "spec", "renewTime")
    return Lease(
        name=text_at(item, "metadata", "name"),
        holder=text_at(item, "spec", "holderIdentity").rpartition("_")[0],
        renewed=moment(renewed),
        lasts=number_at(item, "spec", "leaseDurationSeconds"),
    )


def _token(item: Mapping[str, Any]) -> JoinToken:
    data = at(item, "data")
    usages = ("usage-bootstrap-authentication", "usage-bootstrap-signing")
    return JoinToken(
        id=decoded(at(data, "token-id")),
        description=decoded(at(data, "description")),
        expires=moment(decoded(at(data, "expiration"))),
        joins=all(decoded(at(data, key)) == "true" for key in usages),
    )
