"""Rows 113 to 115: a cluster that is Ready and yet does not work, and a plan of one that is not ready."""

from __future__ import annotations

from typing import Any

import pytest
from faultclusters import LONG
from faulthosts import FaultyHost
from faultrows import row
from faultruns import Controller, Ran
from on_lab import HOSTS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
MASTER, NODE, OTHER = HOSTS
CNI = "/etc/cni/net.d/05-bridge.conf"
FROM_VERIFY = ("up", "--yes", "--from", "verify")


def notices(ran: Ran, code: str) -> list[str]:
    """The texts of the notices with that code."""
    found: list[dict[str, Any]] = ran.of("Notice")
    return [event["text"] for event in found if event["code"] == code]


@row(113, "the API server does not reach a node's kubelet")
def test_a_node_without_logs_is_not_green(cluster: Controller, node: FaultyHost) -> None:
    node.inside("iptables", "-I", "INPUT", "-p", "tcp", "--dport", "10250", "-j", "REJECT")
    try:
        error = cluster.run(*FROM_VERIFY, expect=1, within=LONG).error(MASTER)
    finally:
        node.inside("iptables", "-D", "INPUT", "-p", "tcp", "--dport", "10250", "-j", "REJECT")
    assert error["code"] == "KB-KUBELET-UNREACHABLE", error
    assert "kubectl logs to work on every node" in error["what"]
    assert f"the kubelet of {NODE} " in error["why"], error
    cluster.run(*FROM_VERIFY, within=LONG)


@row(114, "another CNI configuration sorts before Calico's")
def test_another_cni_configuration_is_named(cluster: Controller, node: FaultyHost) -> None:
    node.write(CNI, '{"cniVersion": "0.3.1", "name": "other", "type": "bridge"}\n')
    plan = cluster.run("plan", "--from", "verify")
    assert any(f"{NODE} uses 05-bridge.conf" in text for text in notices(plan, "KB-NOT-READY"))
    error = cluster.run(*FROM_VERIFY, expect=1, within=LONG).error(MASTER)
    assert f"{NODE} uses 05-bridge.conf" in error["why"], error


@row(115, "a plan of a cluster with a Pod that is not ready")
def test_a_plan_of_a_cluster_that_is_not_ready_ends_and_says_why(
    cluster: Controller, master: FaultyHost
) -> None:
    up = cluster.run("history", "latest").stdout.splitlines()[0]
    master.sh(
        "kubectl --kubeconfig /etc/kubernetes/admin.conf --namespace kube-system run absent"
        " --image registry.invalid/nothing:1"
    )
    try:
        plan = cluster.run("plan", within=LONG)
    finally:
        master.sh("kubectl --kubeconfig /etc/kubernetes/admin.conf --namespace kube-system delete pod absent")
    (told,) = [text for text in notices(plan, "KB-NOT-READY") if "the Pods of kube-system" in text]
    assert "absent on " in told
    assert not plan.of("Waiting")
    assert "jobs there go on" not in plan.stderr
    assert cluster.run("history", "latest").stdout.splitlines()[0] == up
