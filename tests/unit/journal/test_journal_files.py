"""The state folder: journals, hosts' logs, evidence, mistakes, for the user alone; old runs are forgotten."""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path

import pytest

from k8sboot.errors import Bug, StepFailed
from k8sboot.events import (
    Changed,
    Changing,
    Connected,
    Event,
    Evidence,
    Failed,
    Output,
    PhaseEnded,
    PhaseStarted,
    RunEnded,
    RunStarted,
)
from k8sboot.journal.retention import KEEP
from k8sboot.journal.store import find
from k8sboot.journal.writer import Journal, write_bug
from k8sboot.text.redact import Redactor

pytestmark = pytest.mark.usefixtures("state")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_folders_and_file_are_for_the_user_alone(state: Path) -> None:
    before = os.umask(0)
    try:
        log = Journal("c", Redactor())
    finally:
        os.umask(before)
    path = Path(log.path)
    assert mode(path) == 0o600
    assert [mode(p) for p in (path.parent, path.parent.parent, state)] == [0o700] * 3
    log.close()


def host_log(*events: Event, secret: str = "") -> list[str]:
    log = Journal("c", Redactor([secret]))
    for event in events:
        log(event)
    log.close()
    path = Path(log.host_log("a"))
    assert mode(path) == 0o600
    assert mode(path.parent) == 0o700
    return [re.sub(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ", "", line) for line in path.read_text().splitlines()]


def test_a_host_has_a_log_for_people() -> None:
    error = StepFailed("no", why="because", fix="do this", detail="one\ntwo", host="a")
    assert host_log(
        Connected(host="a", phase="connect", kernel="6.1", system="Debian"),
        PhaseStarted(host="a", phase="kernel"),
        Changing(host="a", phase="kernel", what="load x", commands=("modprobe x",)),
        Output(host="a", line="hunter2 \x1b]0;owned\x07said"),
        Output(host="b", line="not of a"),
        Changed(host="a", phase="kernel", what="load x", commands=("modprobe x",), seconds=0.5),
        Changed(host="a", phase="kernel", what="write /x", diff="-old\n+new\n"),
        PhaseEnded(host="a", phase="kernel", changes=2, seconds=61),
        Failed(host="a", phase="images", error=error),
        RunEnded(changes={"a": 2}, failed=("a",), is_dry=False, seconds=70),
        secret="hunter2",
    ) == [
        ". connected: Debian, kernel 6.1",
        "== kernel",
        "> load x",
        "    $ modprobe x",
        "| *** said",
        "+ load x (0.5 s)",
        "+ write /x (0.0 s)",
        "    -old",
        "    +new",
        ". kernel ended: 2 changed, 1 min 01 s",
        "x images: no [KB-STEP]",
        "    why: because",
        "    fix: do this",
        "    | one",
        "    | two",
    ]


def test_a_host_that_nothing_was_told_of_has_no_log() -> None:
    log = Journal("c", Redactor())
    log(RunEnded(changes={}, failed=(), is_dry=False, seconds=1))
    log.close()
    assert log.host_log("a") == ""


def test_evidence_has_a_file_of_its_own_and_its_path_in_the_journal() -> None:
    log = Journal("c", Redactor(["hunter2"]))
    log(Evidence(host="n1", phase="kubeadm-init", text="==== swaps\nhunter2 /dev/dm-1\n"))
    log.close()
    path = Path(log.evidence("n1"))
    assert path == Path(log.path).parent / "evidence" / "n1-kubeadm-init.txt"
    assert path.read_text() == "==== swaps\n*** /dev/dm-1\n"
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)
    assert log.evidence("n2") == ""
    record = json.loads(Path(log.path).read_text().splitlines()[-1])
    assert (record["event"], record["text"]) == ("Evidence", str(path))
    assert str(path) in Path(log.host_log("n1")).read_text()


def test_evidence_that_cannot_be_kept_is_told_and_not_raised() -> None:
    log = Journal("c", Redactor())
    (Path(log.path).parent / "evidence").write_text("in the way")
    log(Evidence(host="n1", phase="p", text="x"))
    log.close()
    assert log.evidence("n1") == ""
    assert log.trouble


def one_run(*, is_dry: bool) -> Path:
    log = Journal("c", Redactor())
    log(RunStarted(command="up", cluster="c", hosts=("n1",), phases=(), is_dry=is_dry))
    log.close()
    return Path(log.path)


def test_latest_leads_to_the_last_run(state: Path) -> None:
    for _ in range(2):
        path = one_run(is_dry=False)
    assert (state / "c/latest/run.jsonl").resolve() == path


def test_a_plan_is_the_latest_only_where_nothing_was_altered(state: Path) -> None:
    plan = one_run(is_dry=True)
    assert (state / "c/latest/run.jsonl").resolve() == plan
    assert find("latest").journal == plan
    up = one_run(is_dry=False)
    one_run(is_dry=True)
    assert (state / "c/latest/run.jsonl").resolve() == up
    assert find("latest").journal == up


def test_plans_push_no_other_run_out(state: Path) -> None:
    up = one_run(is_dry=False)
    plans = [one_run(is_dry=True) for _ in range(KEEP + 3)]
    assert up.exists()
    assert [plan.exists() for plan in plans].count(True) == KEEP


def past_runs(folder: Path, count: int) -> list[Path]:
    runs = [folder / f"20200101-0000{index:02}-aaaa" for index in range(count)]
    for run in runs:
        (run / "hosts").mkdir(parents=True)
        (run / "hosts/n1.log").write_text("x")
        (run / "evidence").mkdir()
        (run / "evidence/n1-kernel.txt").write_text("x")
        (run / "run.jsonl").write_text("{}\n")
    return runs


def left(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if not p.is_symlink())


def test_old_runs_are_forgotten_with_all_that_is_theirs(state: Path) -> None:
    runs = past_runs(state / "c", KEEP + 5)
    log = Journal("c", Redactor())
    log.close()
    assert left(state / "c") == [*runs[6:], Path(log.path).parent]


def test_a_run_that_is_at_work_is_never_forgotten(state: Path) -> None:
    long = Journal("c", Redactor())
    old = Path(long.path).parent
    old = old.rename(old.with_name("20190101-000000-aaaa"))
    past_runs(state / "c", KEEP)
    Journal("c", Redactor()).close()
    assert left(state / "c")[0] == old
    long.close()
    Journal("c", Redactor()).close()
    assert old not in left(state / "c")


def test_what_a_removal_that_was_cut_has_left_is_removed(state: Path) -> None:
    cut, *_ = past_runs(state / "c", KEEP + 1)
    (cut / "hosts/n1.log").unlink()
    (cut / "hosts").rmdir()
    Journal("c", Redactor()).close()
    assert not cut.exists()


def test_a_link_in_a_runs_folder_is_not_followed(state: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/file").write_text("x")
    old, *_ = past_runs(state / "c", KEEP + 1)
    (old / "link").symlink_to(tmp_path / "mine")
    Journal("c", Redactor()).close()
    assert not old.exists()
    assert (tmp_path / "mine/file").exists()


def test_a_mistake_outside_of_a_run_has_a_file_of_its_own(state: Path) -> None:
    try:
        raise ValueError("token abcdef.0123456789abcdef")
    except ValueError as error:
        path = Path(write_bug(Bug.of(error), Redactor()))
    assert path.parent == state
    assert mode(path) == 0o600
    assert "ValueError: token ***" in path.read_text()
