"""The script that happens once, run for real in a folder of the test."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from k8sboot.host import lease, once
from k8sboot.host.lease import Claim
from k8sboot.paths import RUN_DIR
from k8sboot.ssh.connection import Script, text_of

SHELLS = [
    pytest.param(words, marks=pytest.mark.skipif(not shutil.which(words[0]), reason=f"no {words[0]}"))
    for words in (["dash"], ["bash", "--posix"], ["busybox", "sh"])
]
IN_SHELLS = pytest.mark.parametrize("shell", SHELLS)


class Place:
    """A folder in place of /run/k8sboot, and a shell."""

    def __init__(self, folder: Path, shell: list[str]) -> None:
        self.folder = folder
        self.shell = shell

    def text(self, script: Script) -> str:
        return text_of(script).replace(RUN_DIR, str(self.folder / "run"))

    def act(self, script: Script) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(self.shell, input=self.text(script).encode(), capture_output=True, timeout=60)

    def recall(self, name: str, patience: float = 5) -> tuple[once.Outcome, bytes]:
        done = self.act(once.Recall(name, wait=patience))
        return once.parse_outcome(done.stdout), done.stderr


@pytest.fixture(params=SHELLS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return Place(tmp_path, request.param)


def test_it_tells_what_it_printed_and_how_it_ended(place: Place):
    done = place.act(once.Once("printf 'out\\0\\377'; echo err >&2; exit 3", "e1"))
    assert (done.returncode, done.stdout, done.stderr) == (3, b"out\0\xff", b"err\n")
    told, err = place.recall("e1")
    assert (told.state, told.exit_status, told.stdout, err) == (once.ENDED, 3, b"out\0\xff", b"err\n")
    assert told.boot_id == Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def test_what_never_began_is_called_off_for_good(place: Place):
    assert place.recall("e1")[0].state == once.NEVER
    done = place.act(once.Once(f"touch {place.folder}/done", "e1"))
    assert done.returncode == once.CANCELLED
    assert not (place.folder / "done").exists()


def test_what_still_runs_is_waited_for(place: Place):
    begun, go = place.folder / "begun", place.folder / "go"
    script = f"touch {begun}; while [ ! -e {go} ]; do sleep 0.05; done; echo done"
    run = subprocess.Popen(place.shell, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert run.stdin
    run.stdin.write(place.text(once.Once(script, "e1")).encode())
    run.stdin.close()
    deadline = time.monotonic() + 30
    while not begun.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert place.recall("e1", patience=0)[0].state == once.RUNNING
    go.touch()
    told, _ = place.recall("e1", patience=20)
    assert (told.state, told.exit_status, told.stdout) == (once.ENDED, 0, b"done\n")
    run.wait()


def test_an_output_that_nobody_reads_does_not_end_it(place: Place):
    """As when sshd has died: whatever it then writes to its own streams goes nowhere."""
    done = place.folder / "done"
    script = place.text(once.Once(f"seq 100000; touch {done}", "e1"))
    run = subprocess.Popen(place.shell, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert run.stdin
    assert run.stdout
    run.stdout.close()
    run.stdin.write(script.encode())
    run.stdin.close()
    run.wait()
    assert done.exists()
    assert place.recall("e1")[0].stdout.endswith(b"100000\n")


def test_earlier_ones_are_tidied_away_and_the_output_is_private(place: Place):
    place.act(once.Once("echo secret", "e1"))
    home = place.folder / "run/errands"
    assert [p.name for p in home.iterdir()] == ["e1"]
    assert (home / "e1").stat().st_mode & 0o077 == 0
    assert (home / "e1/out").stat().st_mode & 0o077 == 0
    place.act(once.Once("true", "e2"))
    assert [p.name for p in home.iterdir()] == ["e2"]


def test_files_made_in_it_have_the_usual_umask(place: Place):
    place.act(f"umask 022\n{once.Once(f'touch {place.folder}/made', 'e1').render()}")
    assert (place.folder / "made").stat().st_mode & 0o777 == 0o644


def test_without_room_for_its_folder_it_runs_all_the_same(place: Place):
    (place.folder / "run").mkdir()
    (place.folder / "run/errands").write_text("in the way")
    done = place.act(once.Once("echo out; exit 3", "e1"))
    assert (done.returncode, done.stdout) == (3, b"out\n")


def test_under_the_lock_it_is_the_same(place: Place):
    me = Claim("r1", "me")
    done = place.act(lease.Held(once.Once("echo out; exit 3", "e1"), me, timeout=5))
    assert (done.returncode, done.stdout) == (3, b"out\n")
    refused = place.act(lease.Held(once.Once("echo out", "e2"), Claim("r2", "other"), timeout=5))
    assert refused.returncode == lease.REFUSED
    assert not (place.folder / "run/errands/e2").exists()
