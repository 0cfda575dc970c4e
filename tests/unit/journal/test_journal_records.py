"""The journal of a run: every event, without secrets, on the disk in time, and never a reason to stop."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from k8sboot import __version__
from k8sboot.errors import Bug, StepFailed
from k8sboot.events import (
    Changed,
    Changing,
    Event,
    Failed,
    Notice,
    Output,
    PhaseStarted,
    RunEnded,
    RunStarted,
)
from k8sboot.journal.writer import Journal
from k8sboot.text.redact import Redactor

pytestmark = pytest.mark.usefixtures("state")


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


def test_a_dry_run_waits_for_the_disk_at_its_beginning_and_end_only(syncs: list[int]) -> None:
    log = Journal("c", Redactor())
    log(RunStarted(command="plan", cluster="c", hosts=("a",), phases=(), is_dry=True))
    before = len(syncs)
    log(Changed(host="a", what="x", is_dry=True))
    log(Notice(host="a", code="KB-X", text="x"))
    assert len(syncs) == before
    log(RunEnded(changes={}, failed=(), is_dry=True, seconds=1.0))
    assert syncs[before:] == [Path(log.path).stat().st_size]
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
