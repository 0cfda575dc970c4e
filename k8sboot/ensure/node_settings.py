"""Labels and taints of nodes, through the API: kubelet sets them only when a node registers."""

from __future__ import annotations

from collections.abc import Sequence

from k8sboot.ensure.cluster import api_says
from k8sboot.ensure.files import absent, file
from k8sboot.host.host import Host
from k8sboot.host.reads import Reads
from k8sboot.host.snapshot import from_to
from k8sboot.inventory.hosts import HostSpec
from k8sboot.inventory.model import Spec
from k8sboot.kubernetes.commands import get_fields
from k8sboot.kubernetes.node_settings import FIELDS, Move, NodeSettings, by_key, commands_for, node_settings
from k8sboot.paths import NODE_SETTINGS

_ASK = get_fields("nodes", FIELDS)
SETS_SOME = "Written by k8sboot, which has set labels or taints: they are annotated on their Nodes.\n"


def labels_and_taints_reads(spec: Spec) -> Reads:
    """What labels_and_taints() reads on the first master."""
    asked = (_ASK,) if any(each.labels or each.taints for each in spec.hosts) else ()
    return Reads(files=(NODE_SETTINGS,), cluster=asked)


def labels_and_taints(host: Host, everyone: Sequence[HostSpec], chosen: Sequence[HostSpec]) -> None:
    """Set the labels and taints of the chosen nodes, and remove those that k8sboot has set and are no longer wanted.

    everyone: all nodes. If none of them has or had any, the cluster is not asked.
    """
    wants_some = any(each.labels or each.taints for each in everyone)
    if not wants_some and host.file(NODE_SETTINGS) is None:
        return
    host.relies_on("kubeadm-init")
    if wants_some:
        file(host, NODE_SETTINGS, SETS_SOME)
    nodes = node_settings(api_says(host, _ASK))
    for each in chosen:
        _apply(host, each, nodes.get(each.name))
    if not wants_some and len(chosen) == len(everyone):
        absent(host, NODE_SETTINGS)


def _apply(host: Host, wanted: HostSpec, node: NodeSettings | None) -> None:
    """A node that has not joined gets its settings when it has; `verify` reports it until then."""
    if node is None:
        if host.is_ahead and (wanted.labels or wanted.taints):
            host.report_unknown(f"set labels and taints of {wanted.name}", after="join-nodes")
        return
    labels = Move.to(wanted.labels, node.labels, node.set_labels)
    taints = Move.to(by_key(wanted.taints), node.taints, node.set_taints)
    if left := [*labels.left, *taints.left]:
        names = ", ".join(left)
        host.notice("KB-NODE-SETTING-LEFT", f"{node.name} keeps {names}: changed since k8sboot set it")
    if steps := commands_for(node, labels, taints):
        host.change(f"set labels and taints of {node.name}", *steps, diff=_shown(node.name, labels, taints))


def _shown(node: str, *moves: Move) -> str:
    return "".join(
        from_to(f"{node} {key}", move.there.get(key, "not set"), move.added.get(key, "not set"))
        for move in moves
        for key in (*move.added, *move.removed)
    )
