"""Rows 46 and 47: what becomes of a run when its controller is not alone, lost or frozen."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

import pytest
from faultdeeds import STEP, came_to_the_end
from faulthosts import FaultyHost, Gate, until
from faultrows import row
from faultruns import Controller, Running
from on_lab import HOSTS


def another(controller: Controller, folder: Path) -> Controller:
    """Somebody at another machine: the same inventory, another home and state folder."""
    folder.mkdir()
    made = Controller(controller.lab, folder)
    made.spec = controller.spec
    made.runs = controller.runs  # ended with the others, whatever becomes of the test
    return made


def held_up(controller: Controller, node: FaultyHost) -> tuple[Running, Gate]:
    """A run that is in the middle of a job."""
    gate = node.gate("install")
    run = controller.start(*STEP)
    until(gate.is_reached, f"the installation\n{run.stderr}", within=120)
    return run, gate


@pytest.mark.parametrize("where", ["same machine", "another machine"])
@row(46, "two controllers at once")
def test_second_controller_is_refused_and_alters_nothing(
    controller: Controller, node: FaultyHost, tmp_path: Path, where: str
) -> None:
    run, gate = held_up(controller, node)
    pid = f"pid {run.process.pid}"
    second = controller if where == "same machine" else another(controller, tmp_path / "other")
    ran = second.run(*STEP, "os-prep", expect=4)
    assert "error[KB-LOCKED]" in ran.stderr
    assert pid in ran.stderr
    assert "since 20" in ran.stderr
    assert ran.of("Changed") == []
    if where == "another machine":
        ran.blames("k8s-master01", "KB-LOCKED", pid, "phase by", "since 20", "unless renewed")
    assert not run.has_ended()
    gate.open()
    run.end().went_on(*HOSTS, phase="time-sync")
    came_to_the_end(second)


@pytest.mark.slow
@row(46, "a controller that is lost")
def test_lost_controller_is_waited_for_and_then_followed(
    controller: Controller, node: FaultyHost, tmp_path: Path
) -> None:
    run, gate = held_up(controller, node)
    pid = f"pid {run.process.pid}"
    run.kill()
    second = another(controller, tmp_path / "other")
    second.run(*STEP, expect=4).blames("k8s-master01", "KB-LOCKED", pid)
    time.sleep(190)
    again = second.start(*STEP)
    again.until("waiting for a job of an earlier run to end", within=90)
    gate.open()
    again.end().went_on(*HOSTS, phase="time-sync")
    came_to_the_end(second)


@pytest.mark.slow
@row(47, "k8sboot frozen for a minute")
def test_frozen_controller_goes_on_where_it_was(
    controller: Controller, node: FaultyHost, tmp_path: Path
) -> None:
    run, gate = held_up(controller, node)
    os.kill(run.process.pid, signal.SIGSTOP)
    try:
        second = another(controller, tmp_path / "other")
        second.run(*STEP, expect=4).blames("k8s-master01", "KB-LOCKED", f"pid {run.process.pid}")
        gate.open()
        time.sleep(60)
    finally:
        os.kill(run.process.pid, signal.SIGCONT)
    ran = run.end()
    ran.went_on(*HOSTS, phase="time-sync")
    assert ran.of("Failed") == []
    came_to_the_end(controller)


@pytest.mark.slow
@row(47, "k8sboot frozen for longer than its lease")
def test_controller_that_slept_too_long_finds_it_is_not_the_owner(
    controller: Controller, master: FaultyHost, node: FaultyHost, tmp_path: Path
) -> None:
    run, gate = held_up(controller, node)
    os.kill(run.process.pid, signal.SIGSTOP)
    try:
        time.sleep(190)
        second = another(controller, tmp_path / "other")
        third = second.start(*STEP, "os-packages")
        third.until("waiting for a job of an earlier run to end", within=90)
        late = node.gate("update|install")  # held up again, in the second owner's own step
        gate.open()
        until(late.is_reached, "a step of the second owner", within=90)
        os.kill(run.process.pid, signal.SIGCONT)
        ran = run.end(expect=4, within=240)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(run.process.pid, signal.SIGCONT)
    assert any(error["error"]["code"] == "KB-LOCKED" for error in ran.of("Failed")), ran.stderr
    late.open()
    third.end().went_on(*HOSTS, phase="time-sync")
    came_to_the_end(second)
