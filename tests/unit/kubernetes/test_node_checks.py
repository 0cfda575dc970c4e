"""What is wrong with nodes that are Ready."""

from __future__ import annotations

import pytest

from k8sboot.kubernetes.node_checks import (
    SHOWN,
    pod_of_each_node,
    strange_blocks,
    strange_pods,
    without_metrics,
    wrong_addresses,
)
from k8sboot.kubernetes.parsers import Node, PodAddress


def node(name: str, internal_ip: str = "", pod_cidr: str = "") -> Node:
    return Node(name, True, "", "", (), internal_ip, pod_cidr)


def pod(name: str, on: str, address: str, *, on_host: bool = False, is_ready: bool = True) -> PodAddress:
    return PodAddress(name, on, address, on_host, is_ready)


def test_a_node_with_another_address_or_none_is_named_with_both() -> None:
    found = [node("m1", "192.0.2.1"), node("n1", "203.0.113.9"), node("n2"), node("stranger", "192.0.2.9")]
    wanted = {"m1": "192.0.2.1", "n1": "192.0.2.2", "n2": "192.0.2.3"}
    assert wrong_addresses(wanted, found) == (
        "n1 has the InternalIP 203.0.113.9, not 192.0.2.2; n2 has the InternalIP <none>, not 192.0.2.3"
    )


def test_of_many_findings_a_few_are_shown_and_the_others_counted() -> None:
    found = [node(f"n{index}") for index in range(SHOWN + 7)]
    assert wrong_addresses({each.name: "192.0.2.1" for each in found}, found).endswith("; and 7 more")


@pytest.mark.parametrize("block", ["10.0.0.0/24", "172.16.0.0/12", "fd00::/64", "nonsense"])
def test_a_block_outside_of_the_pods_network_is_named(block: str) -> None:
    assert strange_blocks("172.16.0.0/16", [node("n1", pod_cidr=block)]) == f"n1 has the block {block}"


@pytest.mark.parametrize("block", ["", "172.16.3.0/24"])
def test_a_block_of_the_pods_network_or_none_is_right(block: str) -> None:
    assert strange_blocks("172.16.0.0/16", [node("n1", pod_cidr=block)]) == ""


def test_a_pod_on_another_network_is_named_with_its_node() -> None:
    pods = [pod("dns", "n1", "10.88.0.3"), pod("right", "n1", "172.16.0.3"), pod("young", "n1", "")]
    pods.append(pod("proxy", "n1", "192.0.2.2", on_host=True))
    assert strange_pods("172.16.0.0/16", pods) == "dns on n1 has the address 10.88.0.3"


def test_nodes_without_metrics_are_named() -> None:
    top = "m1 50m 2% 900Mi 12%\nn1 <unknown> <unknown> <unknown> <unknown>\n"
    assert without_metrics(top, {"m1", "n1", "n2"}) == "n1; n2"


def test_a_log_is_asked_only_of_ready_pods() -> None:
    pods = [pod("a", "n1", "", is_ready=False), pod("b", "n1", ""), pod("c", "n2", "", is_ready=False)]
    assert pod_of_each_node(["n1", "n2"], pods) == {"n1": "b"}
