"""The script that gathers evidence, run for real by every shell that a host may have for /bin/sh."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from k8sboot.diagnosis.evidence import HostEvidence, parse
from k8sboot.diagnosis.script import TIMEOUT, Scope, script
from k8sboot.runtime.docker import Docker

IN_SHELLS = pytest.mark.parametrize(
    "shell",
    [
        pytest.param(w, id=w[0], marks=pytest.mark.skipif(not shutil.which(w[0]), reason=f"no {w[0]}"))
        for w in (["dash"], ["bash", "--posix"], ["busybox", "sh"])
    ],
)


def gather(shell: list[str], scope: Scope, path: str = os.environ["PATH"]) -> HostEvidence:
    done = subprocess.run(
        shell, input=script(scope), capture_output=True, text=True, timeout=TIMEOUT, env={"PATH": path}
    )
    assert done.returncode == 0, done.stderr
    assert all(line.startswith("section ") for line in done.stdout.splitlines()), done.stdout
    return HostEvidence(parse(done.stdout))


@IN_SHELLS
def test_a_machine_tells_of_itself(shell):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        found = gather(shell, Scope(f"127.0.0.1:{port}", runtime=Docker()))
        assert found["endpoint"].strip() == "open"
    assert Path("/proc/swaps").read_text().splitlines()[0] in found["swaps"]
    assert found.find(r"^\S+ +\d+ +\d+ +-?\d+ +\d+% +/$", "disk")
    assert f"{os.uname().nodename}\n" in found["hosts"]
    assert found.find(r"^MemTotal: +\d+ kB", "memory")


@IN_SHELLS
def test_an_endpoint_that_refuses_is_told(shell):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert "refused" in gather(shell, Scope(f"127.0.0.1:{port}", runtime=Docker()))["endpoint"]


@IN_SHELLS
def test_a_host_without_docker_kubelet_or_curl_tells_the_rest(shell, tmp_path):
    for name in ("sh", "date", "timeout", "tail", "base64", "tr", "cat", "grep", "head", "uname"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    absolute = [str(shutil.which(shell[0])), *shell[1:]]
    found = gather(absolute, Scope("127.0.0.1:1", ("127.0.0.1:2",), runtime=Docker()), path=str(tmp_path))
    assert "MemTotal" in found["memory"]
    assert "not found" in found["docker-info"] + found["disk"]


def test_a_docker_that_hangs_is_told_and_does_not_use_up_the_time(tmp_path):
    for name, body in {"docker": "sleep 60", "systemctl": "[ $2 != is-active ] || exit 0"}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    found = gather(["sh"], Scope("127.0.0.1:1", runtime=Docker()), path=f"{tmp_path}:{os.environ['PATH']}")
    assert found["docker-info"] == "docker info has no answer"
    assert found["containers"] + found["images"] + found["log-etcd"] == ""
    assert "refused" in found["endpoint"]


@IN_SHELLS
def test_words_of_the_inventory_are_not_run(shell, tmp_path):
    trap = tmp_path / "trap"
    gather(
        shell, Scope(f"$(touch {trap}):6443", (f"`touch {trap}`", f"'; touch {trap}; '"), runtime=Docker())
    )
    assert not trap.exists()
