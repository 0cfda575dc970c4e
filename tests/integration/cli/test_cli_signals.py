"""^C, SIGTERM, SIGHUP and a closed terminal: how a run ends before its time, on a real terminal."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from seats import Machine, write_inventory
from terminals import OnTerminal

Start = Callable[..., OnTerminal]


def napping(start: Start, machine: Machine, *, seconds: int, **words: int) -> OnTerminal:
    """A run in the middle of its nap."""
    run = start("phase", "nap", "wake", NAP_SECONDS=str(seconds), **words)
    run.until(lambda: machine.has("begun"))
    return run


def machine_is_idle(machine: Machine) -> None:
    """Until the nap has ended, whoever waits for it."""
    deadline = time.monotonic() + 60
    while not machine.has("ended"):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_run_on_a_terminal_shows_what_goes_on_and_leaves_nothing_of_it(
    on_terminal: Start, machine: Machine
) -> None:
    run = napping(on_terminal, machine, seconds=3)
    run.until(lambda: "n1 nap" in run.text and "take a nap: snoring" in run.text)
    assert run.end() == 0
    assert "2 changed, 1 host ok" in run.text
    assert run.is_restored()


def test_one_ctrl_c_lets_the_job_end_and_starts_nothing_new(on_terminal: Start, machine: Machine) -> None:
    run = napping(on_terminal, machine, seconds=4)
    run.press(b"\x03")
    run.until(lambda: "^C: nothing new starts" in run.text)
    assert run.end() == 130
    assert machine.has("ended")
    assert not machine.has("woken")
    assert "wake: not started, interrupted" in run.text
    assert "1 changed, 0 hosts ok, 1 cut short" in run.text
    assert run.is_restored()
    assert '"event": "RunEnded"' in machine.log()


def test_a_second_ctrl_c_ends_the_jobs_too(on_terminal: Start, machine: Machine) -> None:
    run = napping(on_terminal, machine, seconds=60)
    run.press(b"\x03")
    run.until(lambda: "nothing new starts" in run.text)
    run.press(b"\x03")
    run.until(lambda: "jobs on the hosts are ended" in run.text)
    assert run.end() == 130
    assert "was asked to end" in run.text
    assert not machine.has("ended")
    assert "Traceback" not in run.text
    assert run.is_restored()

    again = machine.run("phase", "wake")
    assert again.returncode == 0, again.stderr
    assert "waiting for a job" not in again.stderr, "it is not there any more"
    assert not machine.has("ended")


def test_a_run_that_left_its_job_alone_is_continued_by_the_next(on_terminal: Start, machine: Machine) -> None:
    run = napping(on_terminal, machine, seconds=20)
    run.process.send_signal(signal.SIGTERM)
    assert run.end() == 143
    assert not machine.has("ended")
    assert "jobs there go on by themselves" in " ".join(run.text.split())
    assert run.is_restored()

    again = machine.run("phase", "wake")
    assert again.returncode == 0, again.stderr
    assert "waiting for a job of an earlier run to end" in again.stderr
    assert machine.has("ended")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_asked_to_end_a_run_does_not_wait_for_a_long_job(
    on_terminal: Start, machine: Machine, number: signal.Signals, code: int
) -> None:
    run = napping(on_terminal, machine, seconds=30)
    run.process.send_signal(number)
    assert run.end() == code
    assert not machine.has("ended")
    assert f"{number.name}: nothing new starts" in run.text
    assert run.is_restored()


def test_asked_to_end_a_run_still_sees_a_short_job_through(on_terminal: Start, machine: Machine) -> None:
    run = napping(on_terminal, machine, seconds=1)
    run.process.send_signal(signal.SIGTERM)
    assert run.end() == 143
    assert "1 changed" in run.text
    assert not machine.has("woken")


def test_a_closed_terminal_ends_the_run_and_not_the_job(on_terminal: Start, machine: Machine) -> None:
    run = napping(on_terminal, machine, seconds=20)
    os.close(run.slave)
    os.close(run.master)
    assert run.end() == 129
    run.until(lambda: machine.has("ended"))
    assert '"event": "RunEnded"' in machine.log()


def test_a_hangup_that_is_ignored_stays_so(on_terminal: Start, machine: Machine) -> None:
    run = napping(on_terminal, machine, seconds=3, ignores=signal.SIGHUP)
    run.process.send_signal(signal.SIGHUP)
    assert run.end() == 0
    assert machine.has("woken")


def test_ctrl_c_while_connecting_leaves_at_once(
    on_terminal: Start, machine: Machine, login_key: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        write_inventory(machine.folder, login_key, port=mute.getsockname()[1])
        run = on_terminal("phase", "nap")
        with mute.accept()[0]:
            run.press(b"\x03")
            assert run.end(timeout=15) == 130
    assert "Traceback" not in run.text
    assert run.is_restored()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_question_can_be_left(
    on_terminal: Start, machine: Machine, number: signal.Signals, code: int
) -> None:
    run = on_terminal("up")
    run.until(lambda: "Work on n1?" in run.text)
    run.process.send_signal(number)
    assert run.end() == code
    assert "Traceback" not in run.text
    assert not machine.has("begun")


def test_at_a_password_the_terminal_echoes_again_afterwards(on_terminal: Start, machine: Machine) -> None:
    text = machine.inventory.read_text()
    machine.inventory.write_text(text.replace("ssh: {", "ssh: {password: {prompt: true}, "))
    run = on_terminal("phase", "nap")
    run.until(lambda: "password" in run.text)
    time.sleep(0.3)
    run.process.send_signal(signal.SIGTERM)
    assert run.end() == 143
    assert run.is_restored()


def test_two_runs_at_once_are_one_and_a_refusal(on_terminal: Start, machine: Machine) -> None:
    run = napping(on_terminal, machine, seconds=100)
    for state in ("state", "elsewhere"):  # the same operator's, then as from another machine
        other = machine.run("phase", "wake", XDG_STATE_HOME=str(machine.folder / state))
        assert other.returncode == 4, (state, other.stderr)
        assert "KB-LOCKED" in other.stderr
        assert f"pid {run.process.pid}" in other.stderr
        assert "phase by " in other.stderr
        assert not machine.has("woken")
        plan = machine.run("phase", "wake", "--dry-run", XDG_STATE_HOME=str(machine.folder / state))
        assert plan.returncode == 0, "who only looks is in nobody's way"
    run.press(b"\x03")
    run.until(lambda: "nothing new starts" in run.text)
    run.press(b"\x03")
    run.until(lambda: "jobs on the hosts are ended" in run.text)
    assert run.end() == 130
    assert machine.run("phase", "wake", XDG_STATE_HOME=str(machine.folder / "elsewhere")).returncode == 0


def test_a_paused_run_is_still_the_only_one(on_terminal: Start, machine: Machine) -> None:
    run = napping(on_terminal, machine, seconds=2)
    run.process.send_signal(signal.SIGSTOP)
    try:
        machine_is_idle(machine)
        other = machine.run("phase", "wake", XDG_STATE_HOME=str(machine.folder / "elsewhere"))
        assert other.returncode == 4, other.stderr
    finally:
        run.process.send_signal(signal.SIGCONT)
    assert run.end() == 0


def test_the_job_of_a_dead_run_is_waited_for_and_its_lock_is_no_obstacle(
    on_terminal: Start, machine: Machine
) -> None:
    run = napping(on_terminal, machine, seconds=25)
    run.process.kill()
    run.process.wait()
    elsewhere = machine.run("phase", "wake", XDG_STATE_HOME=str(machine.folder / "elsewhere"))
    assert elsewhere.returncode == 4, (
        "from another machine nobody can tell a dead run from one that is cut off"
    )
    again = machine.run("phase", "wake")
    assert again.returncode == 0, again.stderr
    assert machine.has("ended")
    assert machine.has("woken")
