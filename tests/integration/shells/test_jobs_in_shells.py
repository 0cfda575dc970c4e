"""A job's log, followed by every shell that a host may have for /bin/sh."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path

import pytest
from test_probe_in_shells import IN_SHELLS

from k8sboot.paths import JOBS_DIR
from k8sboot.ssh import job_scripts

JOB = "install-0123456789ab"
BOOT = Path("/proc/sys/kernel/random/boot_id").read_text().strip()


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """The folder of a job that runs for as long as the test."""
    folder = tmp_path / JOB
    folder.mkdir()
    (folder / "log").write_bytes(b"")
    (folder / "pid").write_text(f"{BOOT} {os.getpid()}\n")
    return folder


def script(job: Path, *, offset: int = 0) -> str:
    return job_scripts.follow(JOB, offset=offset).replace(JOBS_DIR, str(job.parent))


def followed(shell: list[str], job: Path, *, offset: int = 0) -> tuple[bytes, job_scripts.End]:
    """What a follower prints of a job that has ended."""
    done = subprocess.run(
        shell, input=script(job, offset=offset).encode(), capture_output=True, timeout=60, check=True
    )
    first, log = done.stdout[: len(job_scripts.FOLLOWING)], done.stdout[len(job_scripts.FOLLOWING) :]
    assert first == job_scripts.FOLLOWING
    return log, job_scripts.parse_end(done.stderr)


@IN_SHELLS
@pytest.mark.parametrize("offset", [0, 1, 70_000, 200_001])
def test_the_log_from_any_byte_on(shell, job, offset):
    data = bytes(range(256)) * 781 + b"\0\xffend"
    (job / "log").write_bytes(data)
    (job / "rc").write_text("3\n")
    assert followed(shell, job, offset=offset) == (data[offset:], job_scripts.End("ended", 3))


@IN_SHELLS
@pytest.mark.parametrize(
    "pid",
    [f"{BOOT} 4194300", f"11111111-0000 {os.getpid()}", "", None],
    ids=["no process", "another boot", "nothing", "no file"],
)
def test_a_job_without_its_process_is_lost(shell, job, pid):
    (job / "log").write_bytes(b"last words\n")
    (job / "pid").unlink()
    if pid is not None:
        (job / "pid").write_text(f"{pid}\n")
    assert followed(shell, job) == (b"last words\n", job_scripts.End("lost", None))


@IN_SHELLS
def test_a_job_whose_folder_is_not_there_is_gone(shell, job):
    (job / "log").unlink()
    assert followed(shell, job) == (b"", job_scripts.End("gone", None))


@IN_SHELLS
def test_what_is_printed_later_arrives_before_the_end(shell, job):
    with subprocess.Popen(shell, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as it:
        assert it.stdin
        assert it.stdout
        assert it.stderr
        it.stdin.write(script(job).encode())
        it.stdin.close()
        assert it.stdout.readline() == job_scripts.FOLLOWING
        for number in range(3):
            with (job / "log").open("ab") as log:
                log.write(b"line %d\n" % number)
            assert it.stdout.readline() == b"line %d\n" % number
        with (job / "log").open("ab") as log:
            log.write(b"last")
        (job / "rc").write_text("0\n")
        assert it.stdout.read() == b"last"
        assert job_scripts.parse_end(it.stderr.read()) == job_scripts.End("ended", 0)


@IN_SHELLS
def test_a_follower_of_a_silent_job_ends_when_its_connection_is_gone(shell, job):
    """Nothing reads its output: the job prints nothing, so only the sign of life shows that."""
    text = script(job).replace(f"POLL={job_scripts.POLL}", "POLL=0.02")
    it = subprocess.Popen(shell, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert it.stdin
    assert it.stdout
    assert it.stderr
    it.stdin.write(text.encode())
    it.stdin.close()
    assert it.stdout.readline() == job_scripts.FOLLOWING
    assert it.stderr.read(1) == b"."
    it.stdout.close()
    it.stderr.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        it.wait(20)
    alive = it.poll() is None
    it.kill()
    it.wait()
    assert not alive


@IN_SHELLS
@pytest.mark.parametrize("said", ["", "received\n", "something else\n"])
def test_the_folder_goes_only_when_the_end_was_received(shell, job, said):
    then = job_scripts.when_received(JOB).replace(JOBS_DIR, str(job.parent))
    with subprocess.Popen(shell, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as it:
        assert it.stdin
        assert it.stdout
        it.stdin.write(f"{{\necho asks\n{then}}}\n".encode())
        it.stdin.flush()
        assert it.stdout.readline() == b"asks\n"
        it.stdin.write(said.encode())
        it.stdin.close()
        it.wait(20)
    assert job.exists() == (said != "received\n")
