"""Jobs that outlive the connection."""

from __future__ import annotations

import re
import threading
import time

import paramiko
import pytest

from k8sboot.errors import CommandFailed, DeadlineExceeded
from k8sboot.paths import JOBS_DIR
from k8sboot.ssh import host_connection, job_scripts, watch

COUNT = "i=0; while [ $i -lt {n} ]; do i=$((i + 1)); echo line $i; sleep {pause}; done"


def jobs(connection, name: str) -> list[str]:
    listing = connection.run(f"ls {JOBS_DIR} 2>/dev/null", timeout=10).text.split()
    return [job for job in listing if job.startswith(name)]


@pytest.fixture
def job_name(connection):
    """A name of its own for the test's jobs; what they left goes afterwards."""
    name = f"t{time.monotonic_ns() % 10**9}"
    yield name
    connection.run(f"rm -rf {JOBS_DIR}/{name}-*", timeout=10)


def test_lines_come_in_order_and_the_directory_goes(connection, job_name):
    lines: list[str] = []
    done = connection.run_job(job_name, COUNT.format(n=20, pause=0.05), timeout=30, on_output=lines.append)

    assert done.exit_status == 0
    assert lines == [f"line {n}" for n in range(1, 21)] == done.text.splitlines()
    assert jobs(connection, job_name) == []


@pytest.fixture
def channels(monkeypatch) -> list[paramiko.Channel]:
    """Every channel that is opened: one for each exec."""
    opened: list[paramiko.Channel] = []
    open_session = paramiko.Transport.open_session

    def open_(transport: paramiko.Transport, **settings: float) -> paramiko.Channel:
        opened.append(open_session(transport, **settings))
        return opened[-1]

    monkeypatch.setattr(paramiko.Transport, "open_session", open_)
    return opened


def test_round_trips_of_a_job_are_those_of_one_exec(connection, job_name, channels):
    connection.run_job(job_name, COUNT.format(n=8, pause=0.5), timeout=60, on_output=lambda _: None)

    assert len(channels) == 1


WAITS = "echo begun; while [ ! -e $0.go ]; do sleep 0.1; done; echo over"


def let_go(connection, job_name: str) -> None:
    connection.run(f'for job in {JOBS_DIR}/{job_name}-*; do : > "$job/script.go"; done', timeout=30)


def test_another_command_runs_beside_a_job(connection, job_name, channels):
    lines: list[str] = []

    def heard(line: str) -> None:
        lines.append(line)
        if line == "begun":
            let_go(connection, job_name)

    done = connection.run_job(job_name, WAITS, timeout=60, on_output=heard)

    assert (done.exit_status, lines) == (0, ["begun", "over"])
    assert len(channels) == 2


def test_another_command_runs_during_a_job_where_one_session_is_all(another_sshd, connected, job_name):
    connection = connected(server=another_sshd(MaxSessions="1"))
    lines: list[str] = []
    begun = threading.Event()

    def heard(line: str) -> None:
        lines.append(line)
        begun.set()

    def other() -> None:
        begun.wait(30)
        let_go(connection, job_name)

    thread = threading.Thread(target=other)
    thread.start()
    done = connection.run_job(job_name, WAITS, timeout=90, on_output=heard)
    thread.join()

    assert (done.exit_status, lines) == (0, ["begun", "over"])


def test_output_of_50_megabytes_is_bounded(connection, job_name):
    sizes: list[int] = []
    done = connection.run_job(
        job_name, "head -c 50000000 /dev/zero", timeout=120, on_output=lambda line: sizes.append(len(line))
    )

    assert sum(sizes) == 50_000_000
    assert max(sizes) <= 64 * 1024
    assert len(done.stdout) < 9 * 1024 * 1024


def test_failed_job_keeps_its_directory(connection, job_name):
    lines: list[str] = []
    done = connection.run_job(job_name, "echo oops >&2; exit 9", timeout=30, on_output=lines.append)

    assert (done.exit_status, lines) == (9, ["oops"])
    (left,) = jobs(connection, job_name)
    mode = connection.run(f"stat -c %a {JOBS_DIR}/{left} {JOBS_DIR}/{left}/script", timeout=10)
    assert mode.text.split() == ["700", "600"]


@pytest.mark.parametrize("fault", ["kill_sessions", "freeze_sessions"])
def test_job_goes_on_when_the_link_breaks(another_sshd, connected, job_name, monkeypatch, fault):
    monkeypatch.setattr(watch, "PING_AFTER", 0.5)
    monkeypatch.setattr(watch, "DEAD_AFTER", 1.5)
    server = another_sshd()
    notices: list[str] = []
    connection = connected(server=server, notices=notices)
    lines: list[str] = []
    breaker = threading.Timer(1.0, getattr(server, fault))
    breaker.start()
    done = connection.run_job(job_name, COUNT.format(n=60, pause=0.05), timeout=40, on_output=lines.append)
    breaker.join()

    assert done.exit_status == 0
    assert lines == [f"line {n}" for n in range(1, 61)]
    assert any("continues on the host" in notice for notice in notices)


def test_job_is_started_once_however_often_it_is_asked_for(connection, job_name, tmp_path):
    job = job_scripts.new_id(job_name)
    start = job_scripts.start(job, f"echo x >> {tmp_path}/starts")
    for _ in range(2):
        assert connection.run(start, timeout=20).exit_status == 0
    while not (tmp_path / "starts").exists():
        time.sleep(0.05)

    assert (tmp_path / "starts").read_text() == "x\n"


def test_deadline_stops_the_job_and_shows_its_last_words(connection, job_name, tmp_path):
    with pytest.raises(DeadlineExceeded) as caught:
        connection.run_job(
            job_name,
            f"echo waiting; (sleep 4; touch {tmp_path}/x); echo",
            timeout=1.5,
            on_output=lambda _: None,
        )
    time.sleep(3)

    assert caught.value.detail == "waiting"
    assert not (tmp_path / "x").exists()


def test_killed_job_is_not_taken_for_a_success(connection, job_name):
    with pytest.raises(CommandFailed, match="without an exit status"):
        connection.run_job(
            job_name,
            f"echo begun; kill -KILL $(cut -d' ' -f2 {JOBS_DIR}/{job_name}-*/pid); sleep 1",
            timeout=20,
            on_output=lambda _: None,
        )


def test_job_that_cannot_start_says_why(connection, job_name, monkeypatch):
    connection.run(f"mkdir -p {JOBS_DIR}; touch {JOBS_DIR}/{job_name}-file", timeout=10)
    monkeypatch.setattr(host_connection, "new_id", lambda name: f"{name}-file")
    with pytest.raises(CommandFailed, match="cannot start job") as caught:
        connection.run_job(job_name, "true", timeout=20, on_output=lambda _: None)

    assert "File exists" in caught.value.detail


def test_script_travels_byte_for_byte(connection, job_name):
    lines: list[str] = []
    script = "cat <<'EOF'\n$HOME `id` \\ \"quoted\" 'single' é %s\nEOF\n"
    connection.run_job(job_name, script, timeout=20, on_output=lines.append)

    assert lines == ["$HOME `id` \\ \"quoted\" 'single' é %s"]


def test_long_and_broken_lines_are_bounded(connection, job_name):
    lines: list[str] = []
    connection.run_job(
        job_name,
        r"head -c 3000000 /dev/zero | tr '\0' x; echo; printf 'bad \377\n'; printf 'no newline'",
        timeout=30,
        on_output=lines.append,
    )

    assert max(map(len, lines)) <= 64 * 1024
    assert sum(map(len, lines[:-2])) == 3_000_000
    assert lines[-2:] == ["bad \ufffd", "no newline"]


def test_old_failures_are_cleared_away(connection, job_name):
    for _ in range(3):
        connection.run_job(job_name, "exit 1", timeout=20, on_output=lambda _: None)
    start = job_scripts.start(job_scripts.new_id(job_name), "exit 1")
    done = connection.run(re.sub(r"(?m)^OLD=\d+$", "OLD=3", start), timeout=20)

    assert done.exit_status == 0
    assert len(jobs(connection, job_name)) <= 3
