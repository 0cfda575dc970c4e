"""Rows 1 to 12: hosts that cannot be reached, or whose sshd is not what it should be."""

from __future__ import annotations

from faulthosts import FaultyHost
from faultrows import row
from faultruns import Controller


@row(1, "port closed")
def test_closed_port_is_refused_at_once(controller: Controller, node: FaultyHost) -> None:
    node.stop_sshd()
    ran = controller.run("phase", "preflight", expect=3)
    ran.blames(node.name, "KB-SSH-UNREACHABLE", node.address, "connection refused", "start sshd")
    ran.went_on("k8s-master01", "k8s-node02")
    assert ran.took(node.name) < 5
    node.start_sshd()
    controller.is_well()
