"""The log of a run: every event, for the user alone, without secrets, and never a reason to stop."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from k8sboot.audit import KEEP, AuditLog, write_bug
from k8sboot.errors import Bug, StepFailed
from k8sboot.events import Changed, Event, Failed, Output, RunEnded, RunStarted
from k8sboot.redact import Redactor


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "k8sboot"


def logged(*events: Event, secret: str = "") -> list[dict[str, Any]]:
    log = AuditLog("c", Redactor([secret]))
    for event in events:
        log(event)
    log.close()
    assert not log.trouble
    return [json.loads(line) for line in Path(log.path).read_text().splitlines()]


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
        log = AuditLog("c", Redactor())
    finally:
        os.umask(before)
    path = Path(log.path)
    assert mode(path) == 0o600
    assert [mode(p) for p in (path.parent, path.parent.parent, state)] == [0o700] * 3
    log.close()


def test_latest_leads_to_the_last_run(state: Path) -> None:
    for _ in range(2):
        log = AuditLog("c", Redactor())
        log.close()
    assert (state / "c/latest/run.jsonl").resolve() == Path(log.path)


def test_old_runs_are_forgotten(state: Path) -> None:
    for index in range(KEEP + 5):
        old = state / "c" / f"20200101-0000{index:02}-aaaa"
        old.mkdir(parents=True)
        (old / "run.jsonl").write_text("{}\n")
    AuditLog("c", Redactor()).close()
    left = sorted(p.name for p in (state / "c").iterdir() if not p.is_symlink())
    assert len(left) == KEEP
    assert left[0] == "20200101-000006-aaaa"


def test_a_state_folder_that_cannot_be_made_is_told_and_not_raised(state: Path) -> None:
    state.parent.write_text("a file in its place")
    log = AuditLog("c", Redactor())
    log(Output(line="x"))
    assert log.path == ""
    assert "Not a directory" in log.trouble or "File exists" in log.trouble


def test_a_full_disk_silences_the_log_and_is_told() -> None:
    log = AuditLog("c", Redactor())
    os.dup2(os.open("/dev/full", os.O_WRONLY), log._file)
    log(Output(line="x"))
    log(Output(line="y"))
    assert "No space left" in log.trouble


def test_no_home_at_all_is_no_reason_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless(_path: Path) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setattr(Path, "expanduser", homeless)
    assert AuditLog("c", Redactor()).trouble == "Could not determine home directory."


def test_no_descriptor_is_left_open() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        AuditLog("c", Redactor()).close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_mistake_outside_of_a_run_has_a_file_of_its_own(state: Path) -> None:
    try:
        raise ValueError("token abcdef.0123456789abcdef")
    except ValueError as error:
        path = Path(write_bug(Bug.of(error), Redactor()))
    assert path.parent == state
    assert mode(path) == 0o600
    assert "ValueError: token ***" in path.read_text()
