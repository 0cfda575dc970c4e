"""The script that takes a host, run for real in a folder of the test."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from k8sboot.host import lease, once
from k8sboot.host.lease import Claim
from k8sboot.paths import RUN_DIR
from k8sboot.ssh.connection import Script, text_of
from k8sboot.ssh.script import Markers, wrap

SHELLS = [
    pytest.param(words, marks=pytest.mark.skipif(not shutil.which(words[0]), reason=f"no {words[0]}"))
    for words in (["dash"], ["bash", "--posix"], ["busybox", "sh"])
]
IN_SHELLS = pytest.mark.parametrize("shell", SHELLS)
ME, BOB = Claim("r1", "up by me's `x` $y", "s1"), Claim("r2", "up by bob", "s2")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "locks"


def act(folder: Path, script: Script, shell: list[str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        shell or ["dash"],
        input=text_of(script).replace(RUN_DIR, str(folder)),
        capture_output=True,
        text=True,
        timeout=60,
    )


def expire(folder: Path) -> None:
    path = folder / "lock"
    head, told = path.read_text().split("\n", 1)
    path.write_text(f"{' '.join(head.split()[:2])} 0\n{told}")


@IN_SHELLS
def test_who_holds_it_goes_on_and_others_are_refused(folder, shell):
    assert act(folder, lease.Held("echo mine; exit 3", ME, timeout=5), shell).stdout == "mine\n"
    assert act(folder, lease.Held("exit 3", ME, timeout=5), shell).returncode == 3
    refused = act(folder, lease.Held("echo theirs", BOB, timeout=5), shell)
    assert (refused.returncode, refused.stdout) == (lease.REFUSED, "")
    error = lease.refusal(refused.stderr, "h")
    assert "up by me's `x` $y" in error.what
    assert "s unless renewed" in error.why


@IN_SHELLS
def test_a_lease_lasts_beyond_the_end_of_a_script_that_takes_long(folder, shell):
    act(folder, lease.Held(":", ME, timeout=600), shell)
    until = int((folder / "lock").read_text().split()[2])
    assert until > float(Path("/proc/uptime").read_text().split()[0]) + 600


@IN_SHELLS
def test_what_is_given_back_or_ended_may_be_taken(folder, shell):
    act(folder, lease.take(ME), shell)
    act(folder, lease.Release(BOB), shell)
    assert act(folder, lease.take(BOB), shell).returncode == lease.REFUSED, "only its holder gives it back"
    act(folder, lease.Release(ME), shell)
    assert act(folder, lease.take(BOB), shell).returncode == 0
    expire(folder)
    assert act(folder, lease.take(ME), shell).returncode == 0
    assert act(folder, lease.Held("echo late", BOB, timeout=1), shell).returncode == lease.REFUSED, (
        "who slept through the end of its lease finds out before it alters anything"
    )


def test_a_new_run_of_the_same_seat_takes_over_at_once(folder):
    act(folder, lease.take(ME))
    assert act(folder, lease.take(Claim("r3", "up by me again", "s1"))).returncode == 0
    act(folder, lease.take(Claim("r4", "nowhere")))
    assert act(folder, lease.take(Claim("r5", "nowhere"))).returncode == lease.REFUSED


@IN_SHELLS
def test_work_that_goes_on_keeps_others_out_when_its_run_is_dead(folder, shell, tmp_path):
    done = tmp_path / "begun"
    script = lease.Held(f"touch {done}; sleep 60", ME, timeout=5).render().replace(RUN_DIR, str(folder))
    work = subprocess.Popen([*shell, "-s"], stdin=subprocess.PIPE, start_new_session=True)
    work.stdin.write(
        wrap(script, Markers.fresh())
    )  # as it is sent: dash treats a subshell's last command apart
    work.stdin.close()
    try:
        deadline = time.monotonic() + 30
        while not done.exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        expire(folder)
        for claim in (BOB, Claim("r3", "up by me again", "s1")):
            refused = act(folder, lease.take(claim), shell)
            assert refused.returncode == lease.REFUSED
            assert "still running there" in lease.refusal(refused.stderr, "h").why
    finally:
        subprocess.run(["kill", "-KILL", "--", f"-{work.pid}"], check=False)
        work.wait()
    assert act(folder, lease.take(BOB), shell).returncode == 0


@IN_SHELLS
def test_a_daemon_that_a_script_starts_does_not_keep_the_lock(folder, shell, tmp_path):
    pid = tmp_path / "pid"
    act(folder, lease.Held(f"sleep 60 > /dev/null 2>&1 & echo $! > {pid}", ME, timeout=5), shell)
    try:
        act(folder, lease.Release(ME), shell)
        assert act(folder, lease.take(BOB), shell).returncode == 0
    finally:
        os.kill(int(pid.read_text()), signal.SIGKILL)


@IN_SHELLS
def test_a_broken_lock_file_is_nobody_s(folder, shell):
    folder.mkdir()
    (folder / "lock").write_text("\x00\xff nonsense")
    assert act(folder, lease.take(ME), shell).returncode == 0


@IN_SHELLS
def test_where_a_lock_cannot_be_written_nothing_is_done(folder, shell):
    act(folder, lease.take(ME), shell)
    (folder / "lock.new").mkdir()
    done = act(folder, lease.Held("echo done", ME, timeout=5), shell)
    assert (done.returncode, done.stdout) == (lease.NO_ROOM, "")
    assert "Filesystem" in done.stderr, "what room there is is shown"


@IN_SHELLS
def test_security_the_output_of_the_last_short_change_goes_with_the_lease(folder, shell):
    """It may hold a token. What is still running, and a change of another run, stays."""
    act(folder, lease.Held(once.Once("echo token", "0123456789abcdef"), ME, timeout=5), shell)
    (folder / "errands" / "running").mkdir()
    act(folder, lease.Release(BOB), shell)
    assert (folder / "errands" / "0123456789abcdef" / "out").read_text() == "token\n"
    assert act(folder, lease.Release(ME), shell).returncode == 0
    assert [path.name for path in (folder / "errands").iterdir()] == ["running"]
