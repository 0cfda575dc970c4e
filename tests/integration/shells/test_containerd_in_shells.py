"""What is asked of containerd, by every shell that a host may have for /bin/sh, of programs that answer as it does."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_questions_in_shells import IN_SHELLS, ask

from k8sboot.runtime.containerd import Containerd
from k8sboot.runtime.containerd_registries import HEAD, OURS
from k8sboot.runtime.containerd_state import CGROUP_DRIVER, CONFIG, PACKAGED, _data

PROGRAMS = {
    "systemctl": "exit ${INACTIVE:-0}",
    "ctr": "echo TYPE ID PLATFORMS STATUS; echo io.containerd.grpc.v1 cri linux/amd64 ${CRI:-ok}; exit ${STATUS:-0}",
    "containerd": """echo "$DUMP" """,
    "crictl": """case "$*" in
      *info*) printf '%s' "$INFO" ;;
      *images*) printf 'IMAGE TAG ID SIZE\\ndocker.io/library/a 1 x 1kB\\nr.lan:5000/b 2 y 1kB\\nc <none> z 1kB\\n' ;;
      *inspecti*) echo "sha256:1 r.lan/a@sha256:2 r.lan/b@sha256:3" ;;
      *"pods -q"*uid=u1*) echo p1 ;;
      *stopp*) echo "stopped ${*##* }" ;;
    esac""",
}
DUMP = """[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.nvidia.options]
  SystemdCgroup = false
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
  SystemdCgroup = true"""
INFO = """{"runtimes": {
  "a": {"options": {
    "SystemdCgroup": true}},
  "runc": {"options": {
    "SystemdCgroup": false}}}}"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A PATH on which containerd and its tools are first."""
    for name, text in PROGRAMS.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    return f"{tmp_path}:/usr/bin:/bin"


@IN_SHELLS
def test_the_cgroup_driver_of_runc_is_what_the_daemon_says_else_its_configuration(shell, path):
    script = CGROUP_DRIVER.script
    assert ask(shell, script, path=path, INFO=INFO, DUMP=DUMP) == (0, "cgroupfs\n")
    assert ask(shell, script, path=path, DUMP=DUMP) == (0, "systemd\n")
    assert ask(
        shell, script, path=path, DUMP=DUMP.replace('[plugins."io.containerd.grpc.v1.cri"', "[plugins.'x'")
    ) == (
        0,
        "systemd\n",
    )
    assert ask(shell, script, path=path, DUMP=DUMP, CRI="error") == (1, "")
    assert ask(shell, script, path=path, DUMP=DUMP, INACTIVE="3") == (1, "")
    assert ask(shell, script, path=path, DUMP=DUMP, STATUS="124") == (124, "")


@IN_SHELLS
def test_images_their_digests_and_pods_are_found_by_crictl(shell, path):
    engine = Containerd()
    run = [*shell, "-c"]
    assert ask([*run, engine.present(["a:1"])[2], "images"], "", path=path) == (
        0,
        "docker.io/library/a:1\na:1\nr.lan:5000/b:2\n",
    )
    assert ask([*run, engine.digests(["a"])[2], "digests", "a", "b"], "", path=path) == (
        0,
        "sha256:1 sha256:2 sha256:3\n" * 2,
    )
    assert ask([*run, engine.stop_pods(["u"])[2], "stop-pods", "u1", "u2"], "", path=path) == (
        0,
        "stopped p1\n",
    )


@IN_SHELLS
def test_a_file_is_the_packages_while_its_digest_is_that_of_the_package(shell, tmp_path):
    file = tmp_path / "config.toml"
    query = tmp_path / "dpkg-query"
    query.write_text(f"#!/bin/sh\necho ' {file} 5d41402abc4b2a76b9719d911017c592'\n")
    query.chmod(0o755)
    script = PACKAGED.script.replace(CONFIG, str(file))
    path = f"{tmp_path}:/usr/bin:/bin"
    assert ask(shell, script, path=path) == (0, "")
    file.write_text("hello")
    assert ask(shell, script, path=path) == (0, "yes\n")
    file.write_text("hello, world")
    assert ask(shell, script, path=path) == (0, "")


@IN_SHELLS
def test_files_of_registries_are_k8sboots_by_their_first_line(shell, tmp_path):
    for name, text in (("ours", f"{HEAD}server = 1\n"), ("mine", "server = 1\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "hosts.toml").write_text(text)
        (tmp_path / name / "ca.crt").touch()
    script = OURS.script.replace("/etc/containerd/certs.d", str(tmp_path))
    assert ask(shell, script) == (0, f"{tmp_path}/ours/hosts.toml\n{tmp_path}/ours/ca.crt\n")


@IN_SHELLS
def test_images_and_containers_are_data(shell, tmp_path):
    assert ask(shell, _data(str(tmp_path)).script) == (0, f"{tmp_path}\n0\n")
    (tmp_path / "io.containerd.runtime.v2.task/moby/c1").mkdir(parents=True)
    blobs = tmp_path / "io.containerd.content.v1.content/blobs/sha256"
    blobs.mkdir(parents=True)
    (blobs / "1").touch()
    assert ask(shell, _data(str(tmp_path)).script) == (0, f"{tmp_path}\n2\n")
