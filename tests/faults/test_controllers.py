"""Rows 44 to 48: what becomes of a run when its controller is killed, asked to end, not alone, frozen or ill."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from faultdeeds import killed_at_a_new_record, on_terminal
from faulthosts import FaultyHost, Gate, until
from faultrows import row
from faultruns import K8SBOOT, Controller, Running
from on_lab import HOSTS
from summaries import changed
from terminals import OnTerminal

STEP = ("phase", "time-sync")


def jobs(host: FaultyHost) -> str:
    """Our jobs that run on a host."""
    return host.sh("systemctl list-units --no-legend --plain --state=active 'k8sboot-*'").strip()


def has_chrony(host: FaultyHost) -> bool:
    return "active" in host.sh("systemctl is-active chrony chronyd", check=False).split()


def came_to_the_end(controller: Controller, *words: str) -> None:
    """A plain run succeeds everywhere, and the next has nothing to do."""
    controller.run(*(words or STEP), within=240).went_on(*HOSTS, phase="time-sync")
    assert changed(controller.run(*(words or STEP), within=240).stderr) == 0


def another(controller: Controller, folder: Path) -> Controller:
    """Somebody at another machine: the same inventory, another home and state folder."""
    folder.mkdir()
    made = Controller(controller.lab, folder)
    made.spec = controller.spec
    made.runs = controller.runs  # ended with the others, whatever becomes of the test
    return made


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
        assert run.end() == 130
        assert run.is_restored()
        assert "Traceback" not in run.text
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
        assert run.end() == 130
        assert run.is_restored()
        assert "Traceback" not in run.text
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
        assert run.end() == 130
        assert run.is_restored()
        assert "Traceback" not in run.text
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


# Rows 46 and 47


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
        ran.blames("k8s-master01", "KB-LOCKED", pid, "phase by", "since 20", "more to show that it is alive")
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


# Row 48


def hosts_are_done(host: FaultyHost) -> bool:
    return (
        "# BEGIN" in host.path("/etc/hosts").read_text() or host.name in host.path("/etc/hosts").read_text()
    )


@pytest.mark.parametrize(
    "line",
    ["2>&1 | head -n 1", ">&-", "2>&-", ">&- 2>&- <&-", "> /dev/full 2>&1"],
)
@row(48, "stdout or stderr closed, full, or a reader that is gone")
def test_streams_that_are_gone_do_not_stop_a_run(controller: Controller, node: FaultyHost, line: str) -> None:
    controller.only(node.name, "k8s-master01")
    assert node.name not in node.path("/etc/hosts").read_text()
    controller.start("inventory", "check").end()  # writes the inventory
    run = controller.start_command(
        "sh", "-c", f'"$0" phase hosts -i "$1" {line}', str(K8SBOOT), str(controller.inventory)
    )
    until(run.has_ended, "the end", within=120)
    assert "Traceback" not in run.stderr + (run.folder / "stdout").read_text()
    assert node.name in node.path("/etc/hosts").read_text()
    assert run.events[-1]["event"] == "RunEnded"
    assert run.events[-1].get("failed", []) == []
    controller.run("phase", "hosts")


@contextlib.contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """A file system of a test's own."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@row(48, "the log's disk is full")
def test_full_disk_of_the_log_is_said_and_the_run_goes_on(
    controller: Controller, node: FaultyHost, tmp_path: Path
) -> None:
    with mounted(tmp_path / "full", "size=64k") as full:
        with contextlib.suppress(OSError), (full / "filler").open("wb", buffering=0) as filler:
            while filler.write(b"x" * 1024):
                pass
        run = controller.start("phase", "hosts", environ={"XDG_STATE_HOME": str(full)})
        ran = run.end()
    assert "the log is not complete" in ran.stderr
    assert "No space left" in ran.stderr
    assert node.name in node.path("/etc/hosts").read_text()
    controller.is_well(phase="hosts")


@pytest.mark.parametrize("home", ["none", "read-only", "a file"])
@row(48, "no HOME, a read-only HOME")
def test_without_a_home_the_run_goes_on(
    controller: Controller, node: FaultyHost, tmp_path: Path, home: str
) -> None:
    controller.environ.pop("XDG_STATE_HOME")
    with contextlib.ExitStack() as stack:
        if home == "none":
            controller.environ.pop("HOME")
        elif home == "read-only":
            controller.environ["HOME"] = str(stack.enter_context(mounted(tmp_path / "ro", "ro,size=64k")))
        else:
            controller.environ["HOME"] = "/dev/null"
        ran = controller.run("phase", "hosts")
        assert "Traceback" not in ran.stderr
        if home != "none":
            assert "the log is not complete" in ran.stderr
    assert node.name in node.path("/etc/hosts").read_text()
