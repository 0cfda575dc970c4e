"""Rows 3 to 6, 25 and 26: the connection dies in mid-step, and the step does not; ways that lead nowhere."""

from __future__ import annotations

import contextlib
import re
import time
from pathlib import Path

import pytest
from faulthosts import FaultyHost, Gate, until
from faultrows import row
from faultruns import Controller, Running
from summaries import changed

STEP = ("phase", "time-sync")


def installing(controller: Controller, node: FaultyHost) -> tuple[Running, Gate]:
    """A run in the middle of installing chrony on one host."""
    node.installs_at_once()
    gate = node.gate("install")
    run = controller.start(*STEP)
    until(gate.is_reached, "the installation", within=180)
    return run, gate


def noticed(run: Running, node: FaultyHost) -> list[float]:
    """When k8sboot said that it lost the connection in the middle of the job."""
    notices = [e for e in run.events if e["event"] == "Notice" and e.get("host") == node.name]
    return [e["time"] for e in notices if "continues on the host" in e["text"]]


def came_to_its_end(run: Running, controller: Controller, node: FaultyHost) -> None:
    """The run succeeded everywhere, the step was done once, nothing of the job is left, nothing is left to do."""
    ran = run.end()
    ran.went_on("k8s-master01", "k8s-node01", "k8s-node02", phase="time-sync")
    assert ran.of("Failed") == []
    assert not re.search(r"(status|with) -1\b", ran.notices())
    assert (
        node.sh("systemctl is-active chrony || systemctl is-active chronyd", check=False).strip() == "active"
    )
    installed = node.sh("grep -c 'Commandline.* chrony' /var/log/apt/history.log 2>/dev/null; true").split()
    assert installed in (["1"], [])
    assert node.sh("ls /var/lib/k8sboot/jobs").strip() == ""
    assert changed(controller.run(*STEP).stderr) == 0


@pytest.mark.slow
@row(6, "PAM holds a login up")
def test_login_that_is_held_up_is_waited_for(controller: Controller, node: FaultyHost) -> None:
    service = "/etc/pam.d/sshd"
    slow = "session required pam_exec.so quiet /bin/sleep 20\n"
    node.write(service, node.path(service).read_text() + slow)
    ran = controller.run("phase", "preflight")
    ran.went_on("k8s-master01", "k8s-node01", "k8s-node02")
    began, came = ran.of("RunStarted")[0]["time"], ran.of("Connected", node.name)[0]["time"]
    assert came - began > 20, "PAM did not hold it up"
    assert "retrying" not in ran.stderr


@pytest.mark.slow
@row(3, "cable pulled mid-step")
def test_cable_pulled_in_the_middle_of_a_step(controller: Controller, node: FaultyHost) -> None:
    run, gate = installing(controller, node)
    node.cut()
    cut_at = time.time()
    until(lambda: noticed(run, node), "a notice of the lost connection")
    assert noticed(run, node)[0] - cut_at < 20 + 5
    assert "active" in node.sh("systemctl list-units --no-legend 'k8sboot-*'"), "the job died with the link"
    node.mend()
    until(node.answers, "a way to the host")
    gate.open()
    came_to_its_end(run, controller, node)


@pytest.mark.slow
@row(4, "cable out and in, three times 5 s")
def test_flapping_cable_is_ridden_out(controller: Controller, node: FaultyHost) -> None:
    run, gate = installing(controller, node)
    for _ in range(3):
        node.cut()
        time.sleep(5)
        node.mend()
        time.sleep(5)
    gate.open()
    came_to_its_end(run, controller, node)


@row(5, "connection reset mid-step")
def test_reset_connection_in_the_middle_of_a_step(controller: Controller, node: FaultyHost) -> None:
    run, gate = installing(controller, node)
    assert node.signal_sessions("KILL") > 0
    until(lambda: noticed(run, node), "a notice of the lost connection")
    gate.open()
    came_to_its_end(run, controller, node)


@pytest.mark.slow
@row(6, "sshd frozen mid-step")
def test_frozen_sshd_in_the_middle_of_a_step(controller: Controller, node: FaultyHost) -> None:
    run, gate = installing(controller, node)
    frozen = node.sessions()
    node.undo.callback(lambda: node.sh(f"kill -KILL {' '.join(map(str, frozen))} 2>/dev/null; true"))
    assert node.signal_sessions("STOP") > 0
    stopped_at = time.time()
    until(lambda: noticed(run, node), "a notice of the lost connection")
    assert noticed(run, node)[0] - stopped_at < 20 + 5
    gate.open()
    came_to_its_end(run, controller, node)


@row(25, "bastion dies mid-step")
def test_bastion_that_dies_in_the_middle_of_a_step(
    controller: Controller, node: FaultyHost, other: FaultyHost
) -> None:
    controller.ssh(node.name, jump=f"{other.login}@{other.address}")
    run, gate = installing(controller, node)
    assert other.signal_sessions("KILL") > 0
    until(lambda: noticed(run, node), "a notice of the lost connection")
    gate.open()
    came_to_its_end(run, controller, node)


@row(25, "bastion with AllowTcpForwarding no")
def test_bastion_that_forwards_nothing_is_named(
    controller: Controller, node: FaultyHost, other: FaultyHost
) -> None:
    other.sshd("AllowTcpForwarding no")
    where = f"{other.login}@{other.address}"
    controller.ssh(node.name, jump=where)
    ran = controller.run("phase", "preflight", expect=3)
    ran.blames(node.name, "KB-SSH-UNREACHABLE", f"bastion {where}", node.address, "AllowTcpForwarding yes")
    ran.went_on("k8s-master01", other.name)
    other.heal()
    controller.is_well()


PROXIES = {
    "ends": "echo the tunnel is closed >&2; exit 1",
    "hangs": "echo the tunnel hangs >&2; exec sleep 987",
}


def proxied(controller: Controller, node: FaultyHost, how: str) -> None:
    """Reach a host by a ProxyCommand."""
    script, config = controller.folder / "proxy", controller.folder / "ssh_config"
    script.write_text(f"#!/bin/sh\n{PROXIES[how]}\n")
    script.chmod(0o755)
    config.write_text(f"Host {node.address}\n  ProxyCommand {script} %h %p\n")
    controller.ssh(node.name, configFile=str(config))


def children(parent: int) -> list[str]:
    """The state and name of the processes that a process has started."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            name, _, rest = stat.read_text().rpartition(")")
            if int(rest.split()[1]) == parent:
                found.append(f"{rest.split()[0]} {name.partition('(')[2]}")
    return found


@row(26, "ProxyCommand that ends or hangs")
@pytest.mark.parametrize("how", ["ends", pytest.param("hangs", marks=pytest.mark.slow)])
def test_proxy_command_that_leads_nowhere(
    controller: Controller, node: FaultyHost, other: FaultyHost, how: str
) -> None:
    other.installs_at_once()
    proxied(controller, node, how)
    gate = other.gate("install")
    run = controller.start(*STEP)
    until(gate.is_reached, "the step on another host", within=180)
    assert children(run.process.pid) == [], "a zombie, or a ProxyCommand that goes on"
    gate.open()
    ran = run.end(expect=3)
    said = "exited with status 1" if how == "ends" else "is still running"
    ran.blames(node.name, "KB-SSH-UNREACHABLE", "ProxyCommand", "the tunnel", said, "configFile: none")
    ran.went_on("k8s-master01", other.name, phase="time-sync")
    assert ran.cpu < 5
    controller.ssh(node.name, configFile=None)
    controller.is_well()
