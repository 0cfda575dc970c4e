"""The kernel upgrade as a part of `up`: the masters first, and looked into where the cluster does not come back."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from fake_cluster import FakeCluster
from runs import run

from k8sboot.events import Event, PhaseStarted
from k8sboot.inventory.model import KernelSettings
from k8sboot.phases.control_plane import ADMIN_CONF
from k8sboot.phases.kernel_upgrade import kernel_upgrade_masters, kernel_upgrade_nodes

pytestmark = pytest.mark.usefixtures("clock")

UPGRADE = [kernel_upgrade_masters, kernel_upgrade_nodes]
SWAP = (
    "F1 server.go:269] failed to run Kubelet: running with swap on is not supported\nkubelet.service: Failed"
)


def wants(cluster: FakeCluster, minimum: str) -> FakeCluster:
    """The cluster with os.kernel.minimum, and boot loaders that can boot once."""
    cluster.spec = replace(cluster.spec, os=replace(cluster.spec.os, kernel=KernelSettings(minimum=minimum)))
    for each in cluster.hosts.values():
        each.answers.update(dict.fromkeys(("grub-one-shot", "grub2-one-shot", "grubby-default"), ""))
    return cluster


def test_an_api_server_that_stays_away_is_looked_into(bare: FakeCluster):
    host = wants(bare, "3.10").hosts["m1"]
    host.put(ADMIN_CONF, "a cluster's", mode=0o600)
    host.answers["kubectl"] = (1, "", "refused")
    host.evidence = {"kubelet-errors": SWAP}
    told = run(bare, UPGRADE)
    assert told.errors == {"m1": "KB-SWAP"}
    assert "the API server to be ready" in told.report.errors["m1"].what


def test_nodes_wait_for_what_the_masters_make_of_it(bare: FakeCluster):
    node_started = threading.Event()

    def witness(event: Event) -> None:
        if isinstance(event, PhaseStarted) and event.phase == "kernel-upgrade-nodes":
            node_started.set()
        elif isinstance(event, PhaseStarted):
            assert not node_started.wait(0.3), "a node is upgraded beside a master"

    told = run(wants(bare, "99.0"), UPGRADE, witness=witness)
    assert told.errors == {"m1": "KB-KERNEL-OLD"}


def test_nodes_follow_where_the_masters_have_it(bare: FakeCluster):
    bare.hosts["m1"].facts["kernel"] = "99.1.0"
    told = run(wants(bare, "99.0"), UPGRADE)
    assert told.errors == {"n1": "KB-KERNEL-OLD", "n2": "KB-KERNEL-OLD"}
