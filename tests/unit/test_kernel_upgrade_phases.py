"""The kernel upgrade as a part of `up`: the masters first, and looked into where the cluster does not come back."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from fake_boot import NEW, OLD, Boot, wanted
from fake_cluster import FakeCluster
from fake_host import FakeConnection
from fake_state import HostState, Reply
from inventories import spec
from runs import run

from k8sboot.events import Event, PhaseStarted
from k8sboot.inventory.os_settings import KernelSettings
from k8sboot.kubernetes.paths import ADMIN_CONF
from k8sboot.phases.kernel_upgrade import kernel_upgrade_masters, kernel_upgrade_nodes

pytestmark = pytest.mark.usefixtures("clock")

UPGRADE = [kernel_upgrade_masters, kernel_upgrade_nodes]
SWAP = (
    "F1 server.go:269] failed to run Kubelet: running with swap on is not supported\nkubelet.service: Failed"
)


def wants(cluster: FakeCluster, kernel: KernelSettings) -> FakeCluster:
    """The cluster with os.kernel, and boot loaders that can boot once."""
    cluster.spec = replace(cluster.spec, os=replace(cluster.spec.os, kernel=kernel))
    for each in cluster.hosts.values():
        each.answers.update(dict.fromkeys(("grub-one-shot", "grub2-one-shot", "grubby-default"), ""))
    return cluster


def master_of_a_cluster(cluster: FakeCluster) -> FakeConnection:
    """The first master, whose API server does not answer; kubelet's journal says why."""
    host = cluster.hosts["m1"]
    host.put(ADMIN_CONF, "a cluster's", mode=0o600)
    host.evidence = {"kubelet-errors": SWAP}
    host.answers["kubectl"] = (1, "", "refused")
    return host


def test_an_api_server_that_stays_away_is_looked_into(bare: FakeCluster):
    boot = Boot()
    host = master_of_a_cluster(wants(bare, wanted()))
    host.facts["kernel"] = OLD
    host.answers.update(boot.answers())
    for path, text in boot.files().items():
        host.put(path, text)
    told = run(bare, [kernel_upgrade_masters], limit=["m1"])
    assert told.errors == {"m1": "KB-SWAP"}
    assert "the API server to be ready" in told.report.errors["m1"].what


@pytest.mark.parametrize("is_back", [True, False])
def test_no_master_goes_down_while_another_is_away(is_back: bool):
    """As after a run that was killed when the first one had just been restarted: etcd would lose its majority."""
    cluster = wants(FakeCluster(spec(masters=3, nodes=0)), wanted())
    boot, asked = Boot(), 0

    def ready(host: HostState, words: list[str]) -> Reply:
        nonlocal asked
        asked += 1
        assert not boot.booted, "it was restarted while m1 was away"
        return (0, "ok", "") if is_back and asked > 3 else (1, "", "refused")

    for name, kernel in {"m1": NEW, "m2": OLD, "m3": NEW}.items():
        cluster.hosts[name].facts["kernel"] = kernel
    cluster.hosts["m1"].put(ADMIN_CONF, "a cluster's", mode=0o600)
    cluster.hosts["m1"].answers["kubectl"] = ready
    cluster.hosts["m2"].answers.update(boot.answers())
    for path, text in boot.files().items():
        cluster.hosts["m2"].put(path, text)
    told = run(cluster, [kernel_upgrade_masters])
    assert asked > 3
    assert boot.booted == ([NEW] if is_back else [])
    assert told.errors == ({} if is_back else {"m2": "KB-DEADLINE"})
    assert is_back or "m1: refused" in told.report.errors["m2"].why


def test_a_master_that_was_not_restarted_is_not_waited_for(bare: FakeCluster):
    master_of_a_cluster(wants(bare, KernelSettings("3.10")))
    assert run(bare, UPGRADE).errors == {}, "later phases mend what keeps its API server away"


def test_nodes_wait_for_what_the_masters_make_of_it(bare: FakeCluster):
    node_started = threading.Event()

    def witness(event: Event) -> None:
        if isinstance(event, PhaseStarted) and event.phase == "kernel-upgrade-nodes":
            node_started.set()
        elif isinstance(event, PhaseStarted):
            assert not node_started.wait(0.3), "a node is upgraded beside a master"

    told = run(wants(bare, KernelSettings("99.0")), UPGRADE, witness=witness)
    assert told.errors == {"m1": "KB-KERNEL-OLD"}


def test_nodes_follow_where_the_masters_have_it(bare: FakeCluster):
    bare.hosts["m1"].facts["kernel"] = "99.1.0"
    told = run(wants(bare, KernelSettings("99.0")), UPGRADE)
    assert told.errors == {"n1": "KB-KERNEL-OLD", "n2": "KB-KERNEL-OLD"}
