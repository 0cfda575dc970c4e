"""Rows 5 and 44, for a short change: the connection or the controller dies in the middle, and it happens once."""

from __future__ import annotations

import pytest
from faulthosts import FaultyHost, until
from faultrows import row
from faultruns import Controller
from summaries import changed

# The program and the phase that calls it in a short change.
QUICK = {"/usr/bin/hostnamectl": "hosts", "/usr/bin/timedatectl": "os-prep"}


@pytest.mark.parametrize("program", QUICK)
@row(5, "connection reset in a short change")
def test_connection_lost_in_a_short_change_costs_nothing(
    controller: Controller, node: FaultyHost, program: str
) -> None:
    phase, name = QUICK[program], program.rpartition("/")[2]
    node.replace_program(
        program,
        f"echo $* >> /var/tmp/{name}-calls; while [ -e /var/tmp/gate-hold ]; do sleep 0.1; done\n"
        f'exec {program}.real "$@"',
    )
    hold, calls = node.path("/var/tmp/gate-hold"), node.path(f"/var/tmp/{name}-calls")
    hold.touch()
    node.undo.callback(hold.unlink, missing_ok=True)
    node.undo.callback(calls.unlink, missing_ok=True)
    run = controller.start("phase", phase)
    until(calls.exists, f"the call of {name}\n{run.stderr}", within=120)
    assert node.signal_sessions("KILL") > 0
    hold.unlink()
    ran = run.end()
    ran.went_on("k8s-master01", "k8s-node01", "k8s-node02", phase=phase)
    assert ran.of("Failed") == []
    assert len(calls.read_text().splitlines()) == 1, "it happened more than once"
    assert changed(controller.run("phase", phase).stderr) == 0


@row(44, "a short change of a killed controller is still at work")
def test_short_change_of_a_killed_controller_is_waited_for(controller: Controller, node: FaultyHost) -> None:
    node.replace_program(
        "/usr/bin/hostnamectl",
        "echo $* >> /var/tmp/calls; while [ -e /var/tmp/gate-hold ]; do sleep 0.1; done\n"
        'exec /usr/bin/hostnamectl.real "$@"',
    )
    hold, calls = node.path("/var/tmp/gate-hold"), node.path("/var/tmp/calls")
    hold.touch()
    node.undo.callback(hold.unlink, missing_ok=True)
    node.undo.callback(calls.unlink, missing_ok=True)
    run = controller.start("phase", "hosts")
    until(calls.exists, f"the call of hostnamectl\n{run.stderr}", within=120)
    run.kill()
    again = controller.start("phase", "hosts")
    again.until("waiting for a job of an earlier run to end", within=120)
    assert len(calls.read_text().splitlines()) == 1
    assert not again.has_ended()
    hold.unlink()
    ran = again.end()
    ran.went_on("k8s-master01", "k8s-node01", "k8s-node02", phase="hosts")
    assert node.sh("uname -n").strip() == node.name
    assert len(calls.read_text().splitlines()) == 1
    assert changed(controller.run("phase", "hosts").stderr) == 0
