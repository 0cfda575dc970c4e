"""Who holds apt's locks: waited for and named, on fake hosts; and the question itself in real shells."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from k8sboot.errors import DeadlineExceeded
from k8sboot.events import Waiting
from k8sboot.osfamily import package_lock
from k8sboot.osfamily.debian import Debian

SHELLS = [shell for shell in ("dash", "bash") if shutil.which(shell)]
STEPS = {
    "refresh": (),
    "install": ({"jq": ""},),
    "hold": (("jq",),),
    "update": (("jq",),),
}


@pytest.mark.parametrize("step", STEPS)
def test_whoever_holds_apts_lock_is_named_and_waited_for(bench, clock, step):
    it = bench(
        answers={"apt-lock-holder": "unattended-upgr, pid 4711\n"},
        offered={"jq": ("1.6",)},
        packages={"jq": "1.6"},
        has_fresh_lists=True,
    )
    clock.on_nap = lambda: clock.slept == 3 and it.connection.answers.update({"apt-lock-holder": ""})
    more = {"diff": ""} if step == "install" else {}
    assert len(it.do(lambda host: getattr(Debian(), step)(host, *STEPS[step], **more))) == 1
    assert [e.what for e in it.events if isinstance(e, Waiting)] == [
        "the package manager, held by unattended-upgr, pid 4711"
    ]
    assert clock.slept == 3


def test_a_lock_that_is_never_given_back_ends_the_wait_with_its_holder(bench):
    it = bench(answers={"apt-lock-holder": "dpkg, pid 4711\n"})
    with pytest.raises(DeadlineExceeded) as late:
        it.do(Debian().refresh)
    assert late.value.why == "held by dpkg, pid 4711"
    assert it.connection.mutations == []


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    "name", ["lib/dpkg/lock-frontend", "lib/dpkg/lock", "lib/apt/lists/lock", "cache/apt/archives/lock"]
)
def test_in_a_real_shell_a_record_lock_names_the_holder(shell: str, name: str, tmp_path: Path):
    script = package_lock.APT_HOLDER[2].replace("/var/", f"{tmp_path}/")
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    with path.open("w") as lock:
        assert run(shell, script) == ""
        fcntl.lockf(lock, fcntl.LOCK_EX)
        assert run(shell, script).rstrip().endswith(f", pid {os.getpid()}")


def run(shell: str, script: str) -> str:
    return subprocess.run([shell, "-c", script], capture_output=True, text=True, check=True).stdout
