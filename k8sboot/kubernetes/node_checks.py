"""What is wrong with nodes that are Ready: each check returns its findings in one text, '' for none. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping

from k8sboot.kubernetes.parsers import Node, PodAddress

SHOWN = 5
"""Findings in a text; of the others it has the number."""


def lacks_only_network(node: Node) -> bool:
    """Whether a node is not Ready for one reason: it has no pod network."""
    begins = node.message.removeprefix("container ").startswith("runtime network not ready: ")
    is_only = begins and "reason:NetworkPluginNotReady " in node.message  # several stand in brackets
    return not node.is_ready and is_only


def wrong_addresses(wanted: Mapping[str, str], nodes: Iterable[Node]) -> str:
    """Nodes whose InternalIP is not the one wanted, by name: the API server reaches their kubelets there."""
    return _few(
        f"{node.name} has the InternalIP {node.internal_ip or '<none>'}, not {wanted[node.name]}"
        for node in nodes
        if node.name in wanted and node.internal_ip != wanted[node.name]
    )


def strange_blocks(subnet: str, nodes: Iterable[Node]) -> str:
    """Nodes whose block of Pod addresses is outside the Pods' network."""
    network = ipaddress.ip_network(subnet)
    return _few(
        f"{node.name} has the block {node.pod_cidr}"
        for node in nodes
        if node.pod_cidr and not _is_within(node.pod_cidr, network)
    )


def strange_pods(subnet: str, pods: Iterable[PodAddress]) -> str:
    """Pods with an address outside the Pods' network."""
    network = ipaddress.ip_network(subnet)
    return _few(
        f"{pod.name} on {pod.node} has the address {pod.address}"
        for pod in pods
        if pod.address and not pod.on_host and not _is_within(pod.address, network)
    )


def without_metrics(top: str, wanted: Iterable[str]) -> str:
    """Nodes that `kubectl top nodes --no-headers` does not list, or lists as unknown."""
    words = [line.split() for line in top.splitlines()]
    known = {each[0] for each in words if len(each) > 1 and "<unknown>" not in each}
    return _few(sorted(set(wanted) - known))


def pod_of_each_node(wanted: Iterable[str], pods: Iterable[PodAddress]) -> dict[str, str]:
    """A ready Pod of each node, by the node's name; a node without one is missing."""
    found = {pod.node: pod.name for pod in pods if pod.is_ready}
    return {name: found[name] for name in wanted if name in found}


def _few(findings: Iterable[str]) -> str:
    found = list(findings)
    more = [f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    return "; ".join([*found[:SHOWN], *more])


def _is_within(text: str, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    try:
        block = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return (
        isinstance(block, ipaddress.IPv4Network)
        and isinstance(network, ipaddress.IPv4Network)
        and block.subnet_of(network)
    )
