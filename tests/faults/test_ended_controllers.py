"""Rows 44 and 45: what becomes of a run when its controller is killed or asked to end."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator

import pytest
from faultdeeds import STEP, came_to_the_end, killed_at_a_new_record, on_terminal
from faulthosts import FaultyHost, Gate, until
from faultrows import row
from faultruns import Controller
from on_lab import HOSTS
from terminals import OnTerminal


def jobs(host: FaultyHost) -> str:
    """Our jobs that run on a host."""
    return host.sh("systemctl list-units --no-legend --plain --state=active 'k8sboot-*'").strip()


def ended_well(run: OnTerminal) -> None:
    """It leaves as one does after ^C, with the terminal as it was and no traceback on it."""
    assert run.end() == 130
    assert run.is_restored()
    assert "Traceback" not in run.text


def has_chrony(host: FaultyHost) -> bool:
    return "active" in host.sh("systemctl is-active chrony chronyd", check=False).split()


# Row 44


@row(44, "kill -9 at records of the journal: a sample")
def test_killed_at_records_the_next_run_comes_to_the_same_end(
    controller: Controller, node: FaultyHost
) -> None:
    seen: set[tuple[str, str, str]] = set()
    for _ in range(3):
        run = controller.start(*STEP)
        assert killed_at_a_new_record(run, seen, within=120), run.stderr
    came_to_the_end(controller)
    assert has_chrony(node)


# Row 45


@contextlib.contextmanager
def at_work(controller: Controller, node: FaultyHost) -> Iterator[tuple[OnTerminal, Gate]]:
    """A run on a terminal in the middle of a job on a host."""
    gate = node.gate("install")
    with on_terminal(controller, *STEP) as run:
        until(gate.is_reached, "the installation", within=120)
        yield run, gate


@row(45, "^C once")
def test_ctrl_c_once_lets_the_job_come_to_its_end(controller: Controller, node: FaultyHost) -> None:
    with at_work(controller, node) as (run, gate):
        run.press(b"\x03")
        run.shows("nothing new starts")
        assert jobs(node)
        gate.open()
        ended_well(run)
    assert "ii" in node.sh(
        "dpkg-query -W -f '${db:Status-Abbrev}' chrony 2>/dev/null || rpm -q chrony | sed s/^/ii/"
    )
    assert jobs(node) == ""
    came_to_the_end(controller)


@row(45, "^C twice")
def test_ctrl_c_twice_ends_the_job_on_the_host(controller: Controller, node: FaultyHost) -> None:
    with at_work(controller, node) as (run, gate):
        run.press(b"\x03")
        run.shows("nothing new starts")
        run.press(b"\x03")
        run.shows("jobs on the hosts are ended")
        ended_well(run)
    assert jobs(node) == ""
    assert not has_chrony(node)
    gate.open()
    came_to_the_end(controller)


@row(45, "^C three times")
def test_ctrl_c_three_times_leaves_at_once(controller: Controller, node: FaultyHost) -> None:
    with at_work(controller, node) as (run, gate):
        run.press(b"\x03")
        run.shows("nothing new starts")
        node.signal_sessions("STOP")  # so that what the second asks for cannot be answered
        run.press(b"\x03")
        run.shows("jobs on the hosts are ended")
        run.press(b"\x03")
        ended_well(run)
    node.signal_sessions("KILL")
    gate.open()
    came_to_the_end(controller)


ASKED: dict[str, tuple[Callable[[OnTerminal], None], int]] = {
    "SIGTERM": (lambda run: run.process.send_signal(signal.SIGTERM), 143),
    "SIGHUP": (lambda run: run.process.send_signal(signal.SIGHUP), 129),
    "closed terminal": (OnTerminal.hang_up, 129),
}


@pytest.mark.parametrize("how", ASKED)
@row(45, "SIGTERM, SIGHUP, closed terminal")
def test_asked_to_end_it_leaves_the_job_to_the_next_run(
    controller: Controller, node: FaultyHost, how: str
) -> None:
    ask, code = ASKED[how]
    with at_work(controller, node) as (run, gate):
        ask(run)
        assert run.end() == code
        assert "Traceback" not in run.text
        if how != "closed terminal":
            assert "jobs there go on by themselves" in run.text
            assert run.is_restored()
    assert jobs(node), "the job ended with the run"
    again = controller.start(*STEP)
    again.until("waiting for a job of an earlier run to end")
    gate.open()
    again.end().went_on(*HOSTS, phase="time-sync")
    installed = node.sh("grep -c 'Commandline.* chrony' /var/log/apt/history.log 2>/dev/null; true").split()
    assert installed in (["1"], [])
    came_to_the_end(controller)
