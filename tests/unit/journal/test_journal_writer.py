"""The journal of a run: every event, for the user alone, without secrets, and never a reason to stop."""

from __future__ import annotations

import json
import os
import re
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from k8sboot import __version__
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
from k8sboot.journal.folders import KEEP
from k8sboot.journal.writer import Journal, write_bug
from k8sboot.redact import Redactor


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "k8sboot"


def logged(*events: Event, secret: str = "") -> list[dict[str, Any]]:
    """The records of events, behind that of the run itself."""
    log = Journal("c", Redactor([secret]))
    for event in events:
        log(event)
    log.close()
    assert not log.trouble
    first, *others = [json.loads(line) for line in Path(log.path).read_text().splitlines()]
    assert first["event"] == "Journal"
    return others


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_every_event_is_a_line_with_its_fields() -> None:
    lines = logged(
        RunStarted(command="up", cluster="c", hosts=("a",), phases=("kernel",), is_dry=False),
        Changed(host="a", phase="kernel", what="load x", commands=("modprobe x",), seconds=0.5),
        RunEnded(changes={"a": 1}, failed=(), is_dry=False, seconds=2.0),
    )
    assert [line["event"] for line in lines] == ["RunStarted", "Changed", "RunEnded"]
    assert lines[1]["commands"] == ["modprobe x"]
    assert lines[2]["changes"] == {"a": 1}


def test_an_error_is_logged_with_all_it_says() -> None:
    error = StepFailed("no", why="because", fix="do", detail="out", host="a")
    assert logged(Failed(host="a", error=error))[0]["error"] == {
        "code": "KB-STEP", "what": "no", "why": "because", "fix": "do", "detail": "out",
    }  # fmt: skip


def test_a_mistake_is_logged_with_its_traceback() -> None:
    try:
        raise KeyError("x")
    except KeyError as error:
        bug = Bug.of(error)
    assert "Traceback (most recent call last)" in logged(Failed(error=bug))[0]["error"]["traceback"]


@pytest.mark.parametrize("secret", ["hunter2", 'quo"te', "back\\slash", "new\nline", "ümlaut"])
def test_secrets_are_masked_however_json_writes_them(secret: str) -> None:
    line = logged(Output(host="a", line=f"pw {secret} end"), secret=secret)[0]
    assert line["line"] == "pw *** end"


def test_bytes_that_are_no_text_are_no_reason_to_stop() -> None:
    assert len(logged(Output(host="a", line="\udcff"), Output(host="a", line="b"))) == 2


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


def test_the_first_record_says_who_runs_what_and_where() -> None:
    log = Journal("c", Redactor(["hunter2"]), {"words": ["up", "--x=hunter2"], "sha256": "ab"})
    log.close()
    first = json.loads(Path(log.path).read_text())
    assert first["event"] == "Journal"
    assert first["run"] == Path(log.path).parent.name
    assert (first["cluster"], first["version"], first["pid"]) == ("c", __version__, os.getpid())
    assert {"user", "machine", "sha256"} <= set(first)
    assert first["words"] == ["up", "--x=***"]


def test_a_secret_between_escapes_does_not_come_together_when_they_are_taken_out() -> None:
    line = logged(Output(host="a", line="pw hun\x1b[0mter2"), secret="hunter2")[0]["line"]
    assert line == "pw ***"
    assert logged(Output(host="a", line="\x1b[0m"), secret="hunter2")[0]["line"] == "\x1b[0m"


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


def test_two_hundred_hosts_take_one_descriptor() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    log = Journal("c", Redactor())
    for index in range(200):
        log(PhaseStarted(host=f"n{index}", phase="kernel"))
    assert len(list(Path("/proc/self/fd").iterdir())) == before + 1
    log.close()


@pytest.fixture
def syncs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What was forced to the disk: for each time, how many bytes the journal had then."""
    seen: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda handle: seen.append(os.fstat(handle).st_size))
    return seen


def test_a_record_of_a_change_is_on_the_disk_before_the_run_goes_on(syncs: list[int]) -> None:
    log = Journal("c", Redactor())
    for event in (Changing(host="a", what="x"), Changed(host="a", what="x")):
        log(event)
        assert syncs[-1] == Path(log.path).stat().st_size
    log.close()


def test_a_thousand_lines_of_a_job_wait_for_no_disk(syncs: list[int]) -> None:
    log = Journal("c", Redactor())
    before = len(syncs)
    for index in range(1000):
        log(Output(host="a", line=f"line {index}"))
    assert len(syncs) == before
    assert Path(log.path).read_text().count("line ") == 1000, "and yet a killed run has told them"
    log.close()


def test_many_threads_write_whole_lines() -> None:
    log = Journal("c", Redactor())

    def tell(name: str) -> None:
        for index in range(50):
            log(Changed(host=name, what=f"{index}"))

    threads = [threading.Thread(target=tell, args=(f"n{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.close()
    records = [json.loads(line) for line in Path(log.path).read_text().splitlines()[1:]]
    for n in range(8):
        assert [r["what"] for r in records if r["host"] == f"n{n}"] == [str(i) for i in range(50)]
    assert log.trouble == ""


def test_latest_leads_to_the_last_run(state: Path) -> None:
    for _ in range(2):
        log = Journal("c", Redactor())
        log.close()
    assert (state / "c/latest/run.jsonl").resolve() == Path(log.path)


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


def test_a_state_folder_that_cannot_be_made_is_told_and_not_raised(state: Path) -> None:
    state.parent.write_text("a file in its place")
    log = Journal("c", Redactor())
    log(Output(line="x"))
    assert log.path == ""
    assert "Not a directory" in log.trouble or "File exists" in log.trouble


def test_a_full_disk_silences_the_log_and_is_told() -> None:
    log = Journal("c", Redactor())
    os.dup2(os.open("/dev/full", os.O_WRONLY), log._file)
    log(Output(line="x"))
    log(Output(line="y"))
    assert "No space left" in log.trouble


def test_no_home_at_all_is_no_reason_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless(_path: Path) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setattr(Path, "expanduser", homeless)
    assert Journal("c", Redactor()).trouble == "Could not determine home directory."


def test_no_descriptor_is_left_open() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        Journal("c", Redactor()).close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_mistake_outside_of_a_run_has_a_file_of_its_own(state: Path) -> None:
    try:
        raise ValueError("token abcdef.0123456789abcdef")
    except ValueError as error:
        path = Path(write_bug(Bug.of(error), Redactor()))
    assert path.parent == state
    assert mode(path) == 0o600
    assert "ValueError: token ***" in path.read_text()
