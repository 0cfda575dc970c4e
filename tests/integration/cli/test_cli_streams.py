"""Streams that are closed, full or gone, no home, and mistakes of ours: words and exit codes, no tracebacks."""

from __future__ import annotations

import json
import subprocess

import pytest
from seats import Machine


def shell(machine: Machine, line: str) -> subprocess.CompletedProcess[str]:
    """A line of bash in which $K is the command line."""
    words = {**machine.environ, "K": " ".join(machine.command())}
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line], env=words, capture_output=True, text=True, timeout=120, check=False
    )  # fmt: skip


def test_a_reader_that_has_had_enough_is_no_error(machine: Machine) -> None:
    done = shell(machine, "$K phase --list | head -1")
    assert done.stdout.startswith("nap ")
    assert done.stderr == ""


def test_a_reader_that_never_came_is_no_error(machine: Machine) -> None:
    done = shell(machine, "{ sleep 0.2; $K phase --list; echo left with $? >&2; } | true")
    assert done.stderr == "left with 0\n"


def test_data_that_cannot_be_written_is_an_error(machine: Machine) -> None:
    done = shell(machine, "$K phase --list > /dev/full")
    assert done.returncode == 1
    assert done.stderr == "cannot write: No space left on device\n"


@pytest.mark.parametrize(
    "how", ["2>&-", "2>/dev/full", "2> >(head -1 >/dev/null)", ">&-", "<&-", "<&- >&- 2>&-"]
)
def test_a_run_goes_on_whatever_becomes_of_its_streams(machine: Machine, how: str) -> None:
    done = shell(machine, f"$K phase nap wake {how}")
    assert done.returncode == 0, done.stderr
    assert machine.has("woken")
    assert "Traceback" not in done.stderr
    assert '"event": "RunEnded"' in machine.log()


@pytest.mark.parametrize("home", ["HOME=/proc/none", "XDG_STATE_HOME=/dev/full"])
def test_a_log_that_cannot_be_written_is_told_and_the_run_goes_on(machine: Machine, home: str) -> None:
    done = shell(machine, f"unset XDG_STATE_HOME; {home} $K phase nap wake")
    assert done.returncode == 0, done.stderr
    assert "the log is incomplete: [Errno" in done.stderr
    assert machine.has("woken")


def test_without_a_home_in_the_environment_a_run_works(machine: Machine) -> None:
    done = shell(machine, "unset HOME; $K phase nap wake")
    assert done.returncode == 0, done.stderr


def test_off_a_terminal_there_are_plain_lines_and_0_changed_is_said(machine: Machine) -> None:
    done = machine.run("phase", "wake", "--dry-run")
    assert "\x1b" not in done.stderr
    assert "1 would change, 1 host ok" in done.stderr
    assert done.stdout == ""


def test_colours_can_be_forced(machine: Machine) -> None:
    assert "\x1b[" in machine.run("phase", "wake", "--dry-run", FORCE_COLOR="1").stderr


def test_a_failure_ends_with_its_output_and_the_log(machine: Machine) -> None:
    done = machine.run("phase", "fail")
    assert done.returncode == 1
    told = done.stderr.splitlines()
    start = next(i for i, line in enumerate(told) if line.startswith("error["))
    assert told[start] == "error[KB-COMMAND] n1: fail: failed"
    output = [line for line in told[start:] if line.startswith("  | ")]
    assert output[-1] == "  | [/red]"
    assert len(output) == 25
    log = f"  log: {(machine.folder / 'state/k8sboot/naps/latest').resolve()}/run.jsonl"
    assert told[-2:] == [log, "  more: k8sboot explain KB-COMMAND"]


def test_hostile_output_reaches_the_screen_tame(machine: Machine) -> None:
    done = machine.run("phase", "shout", "-v")
    assert done.returncode == 0, done.stderr[-2000:]
    assert not set("\x1b\x00\x07") & set(done.stderr)
    assert "ab" in done.stderr


@pytest.mark.parametrize("phase", ["stumble", "trip"])
def test_a_mistake_of_ours_is_one_message_and_its_traceback_is_in_the_log(
    machine: Machine, phase: str
) -> None:
    done = machine.run("phase", phase)
    assert done.returncode == 70
    assert done.stderr.count("error[KB-BUG]") == 1
    assert "Traceback" not in done.stderr
    failed = [json.loads(line) for line in machine.log().splitlines() if '"Failed"' in line]
    assert "KeyError: '" + phase[:4] in failed[0]["error"]["traceback"]


def test_debug_shows_where_a_mistake_came_from(machine: Machine) -> None:
    assert "  | Traceback (most recent call last):" in machine.run("phase", "stumble", "--debug").stderr
