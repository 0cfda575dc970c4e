"""Rows 43, 58 and 62 on bare hosts: hosts that are left out, resets of what was never built, a power cut."""

from __future__ import annotations

from faulthosts import FaultyHost, until
from faultrows import row
from faultruns import Controller
from on_lab import HOSTS
from summaries import changed

STEP = ("phase", "time-sync")


@row(58, "--limit names no host of the inventory")
def test_limit_that_matches_nothing_is_refused(controller: Controller) -> None:
    ran = controller.run("up", "--yes", "--limit", "k8s-node1", expect=2)
    assert "--limit k8s-node1: no such host in the inventory" in " ".join(ran.stderr.split())
    assert "did you mean 'k8s-node01'?" in ran.stderr
    assert ran.events == (), "it connected"


@row(58, "--limit names only workers before there is a control plane")
def test_limit_of_only_workers_before_init_is_refused(controller: Controller, node: FaultyHost) -> None:
    ran = controller.run("phase", "join-nodes", "--limit", node.name, expect=1)
    ran.blames(
        node.name,
        "KB-REFUSED",
        "k8s-master01 does not have the cluster's CA yet",
        "kubeadm-init",
        "k8sboot up",
    )
    assert ran.of("Changing") == []
    ran = controller.run("up", "--yes", "--limit", node.name, expect=1, within=400)
    assert [e["error"]["code"] for e in ran.of("Failed")] == ["KB-REFUSED"], ran.stderr
    ran.blames(ran.of("Failed")[0]["host"], "KB-REFUSED", "k8s-master01 does not have", "k8sboot up")
    assert {e["host"] for e in ran.of("Changing")} <= {node.name}


@row(62, "reset of a bare machine, twice")
def test_bare_machine_is_reset(controller: Controller, node: FaultyHost) -> None:
    for _ in range(2):
        ran = controller.run("reset", "--yes")
        ran.went_on(*HOSTS, phase="reset-host")
        assert changed(ran.stderr) == 0


@row(43, "power gone in the middle of a job")
def test_power_gone_in_a_job_is_told_and_the_next_run_continues(
    controller: Controller, node: FaultyHost
) -> None:
    gate = node.gate("install")
    run = controller.start(*STEP)
    until(gate.is_reached, f"the installation\n{run.stderr}", within=120)
    controller.lab.control("kill", node.name)
    gate.open()
    controller.lab.control("start", node.name)
    ran = run.end(expect=1, within=300)
    ran.blames(node.name, "KB-COMMAND", "the machine rebooted", "run the same k8sboot command again")
    ran.went_on("k8s-master01", "k8s-node02", phase="time-sync")
    controller.run(*STEP).went_on(*HOSTS, phase="time-sync")
    assert changed(controller.run(*STEP).stderr) == 0
