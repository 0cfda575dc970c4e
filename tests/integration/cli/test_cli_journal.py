"""The journal when its run is killed, cannot write, or is not alone."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from seats import Machine
from terminals import OnTerminal

from k8sboot.journal.retention import KEEP


def runs(machine: Machine) -> list[Path]:
    """The folders of the runs, oldest first."""
    return sorted(p.parent for p in (machine.folder / "state/k8sboot/naps").glob("2*/run.jsonl"))


def shell(machine: Machine, line: str) -> subprocess.CompletedProcess[str]:
    """A line of bash in which $K is the command line."""
    words = {**machine.environ, "K": " ".join(machine.command())}
    return subprocess.run(
        ["bash", "-c", line], env=words, capture_output=True, text=True, timeout=120, check=False
    )


def test_of_a_run_that_was_killed_all_is_known_up_to_the_last_record(
    on_terminal: Callable[..., OnTerminal], machine: Machine
) -> None:
    run = on_terminal("phase", "nap", "wake", NAP_SECONDS="3")
    run.until(lambda: machine.has("begun"))
    assert machine.run("history").stdout.rstrip().endswith("running")
    run.process.kill()
    run.end()

    (folder,) = runs(machine)
    records = [json.loads(line) for line in (folder / "run.jsonl").read_text().splitlines()]
    assert records[0]["words"] == ["-i", str(machine.inventory), "phase", "nap", "wake"]
    assert "take a nap" in [r["what"] for r in records if r["event"] == "Changing"]
    assert machine.run("history").stdout.rstrip().endswith("cut short")
    shown = machine.run("history", "latest")
    assert "n1: take a nap: begun, result unknown\n" in shown.stdout
    assert shown.returncode == 0
    told = machine.run("history", folder.name[:-1], "--host", "n1").stdout
    assert "> take a nap\n    $ sh -c " in told

    again = machine.run("up", "--failed", "--to", "wake", "--yes")
    assert again.returncode == 0, again.stderr
    assert f"continuing run {folder.name} on n1\n" in again.stderr
    assert "nothing to repeat: " in machine.run("up", "--failed").stderr


def test_a_journal_that_has_no_more_room_is_told_once_and_the_run_goes_on(machine: Machine) -> None:
    done = shell(machine, "ulimit -f 2; $K phase shout nap wake")
    assert done.returncode == 0, done.stderr
    assert machine.has("woken")
    assert done.stderr.count("the log is incomplete: [Errno 27] File too large") == 1
    assert "Traceback" not in done.stderr
    assert "phase of naps" in machine.run("history", "latest").stdout


def test_a_home_that_is_read_only_is_told_once_and_the_run_goes_on(machine: Machine) -> None:
    if not shutil.which("unshare") or subprocess.run(["unshare", "--mount", "true"], check=False).returncode:
        pytest.skip("mount namespaces are not allowed here")
    home = machine.folder / "home"
    home.mkdir()
    line = f"mount -t tmpfs -o ro none {home} && unset XDG_STATE_HOME && HOME={home} exec $K phase nap wake"
    done = shell(machine, f"exec unshare --mount bash -c '{line}'")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("the log is incomplete: [Errno 30] Read-only file system") == 1
    assert machine.has("woken")


def test_two_runs_at_once_tidy_up_without_tripping_over_each_other(machine: Machine) -> None:
    for index in range(KEEP + 10):
        old = machine.folder / f"state/k8sboot/naps/20200101-0000{index:02}-000aaaa"
        (old / "hosts").mkdir(parents=True)
        (old / "hosts/n1.log").write_text("x")
        (old / "run.jsonl").write_text("{}\n")
    done = shell(
        machine, "$K phase wake --dry-run & $K phase wake --dry-run; status=$?; wait $! && exit $status"
    )
    assert done.returncode == 0, done.stderr
    assert "the log is incomplete" not in done.stderr
    left = runs(machine)
    assert len(left) == KEEP
    for folder in left[-2:]:
        *_, last = (folder / "run.jsonl").read_text().splitlines()
        assert json.loads(last)["event"] == "RunEnded"
        assert "wake ended: 1 changed" in (folder / "hosts/n1.log").read_text()


def test_what_a_job_says_is_in_its_hosts_log_tame(machine: Machine) -> None:
    assert machine.run("phase", "shout").returncode == 0
    text = (runs(machine)[0] / "hosts/n1.log").read_text()
    assert not set("\x1b\x00\x07") & set(text)
    assert "| abcd" in text.replace("\ufffd", "")


def test_history_into_a_pipe_that_closes_is_no_error(machine: Machine) -> None:
    machine.run("phase", "wake")
    done = shell(machine, "$K history latest | head -1")
    assert done.stderr == ""
    assert done.stdout.startswith("run 2")
