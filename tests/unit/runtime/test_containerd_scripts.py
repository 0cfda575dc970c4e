"""What the scripts about containerd print, with programs in place of its own."""

from __future__ import annotations

import subprocess

import pytest

from k8sboot import scripts
from k8sboot.runtime.containerd import Containerd

CTR = """\
[ "$1 $2" = '--connect-timeout 60s' ] || exit 1
shift 2
case "$*" in
'namespaces ls -q') printf 'k8s.io\\nown\\n' ;;
'-n k8s.io containers ls -q '*) printf 'pod\\npause\\n' ;;
'-n own containers ls -q '*) ;;
'-n k8s.io tasks ls') printf 'TASK PID STATUS\\npod 1 RUNNING\\ndb 2 RUNNING\\npause 3 RUNNING\\n' ;;
'-n own tasks ls') printf 'TASK PID STATUS\\nweb 4 RUNNING\\nended 5 STOPPED\\n' ;;
*) exit 1 ;;
esac
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a script with these programs."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def run(name: str, programs: dict[str, str], **values: str | float) -> subprocess.CompletedProcess[str]:
        for program, text in programs.items():
            (tmp_path / program).write_text(f"#!/bin/sh\n{text}\n")
            (tmp_path / program).chmod(0o755)
        script = scripts.render(name, TIMEOUT=5, UNIT="containerd.service", **values)
        return subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)

    return run


@pytest.mark.parametrize(("mode", "names"), [("process", ""), ("control-group", "k8s.io/db\nown/web\n")])
def test_containers_of_others_stop_only_where_the_unit_kills_them(run, mode, names):
    done = run("containerd-bystanders", {"systemctl": f"[ $1 = -q ] || echo KillMode={mode}", "ctr": CTR})
    assert (done.returncode, done.stdout) == (0, names)


def test_a_containerd_that_hangs_leaves_them_unknown(run, bench):
    hung = run("containerd-bystanders", {"systemctl": "echo KillMode=mixed", "ctr": "exit 124"})
    assert hung.returncode == 124
    seen = []
    for answer in ("own/web\n", "", (124, "", "")):
        it = bench(answers={"runtime-bystanders": answer})
        it.do(lambda host: seen.append(Containerd().bystanders(host)))
    assert seen == [("own/web",), (), None]


@pytest.mark.parametrize("flag", [["--root", "{root}"], ["-root={root}"], []])
def test_data_are_counted_where_the_daemon_has_them(run, tmp_path, flag):
    root = tmp_path / "data"
    (root / "io.containerd.runtime.v2.task" / "own" / "db").mkdir(parents=True)
    words = [word.format(root=root) for word in flag]
    says = f"root = '{tmp_path if flag else root}'"
    with subprocess.Popen(["sh", "-c", "read x; :", "containerd", *words], stdin=subprocess.PIPE) as daemon:
        programs = {"systemctl": f"echo MainPID={daemon.pid}", "containerd": f'echo "{says}"'}
        done = run("containerd-data", programs, ROOT="/var/lib/containerd")
        assert daemon.stdin is not None
        daemon.stdin.close()
    assert done.stdout.split() == [str(root), "1"]


def test_data_are_looked_for_as_configured_where_no_daemon_runs(run):
    done = run("containerd-data", {"systemctl": "echo MainPID=0", "containerd": "exit 127"}, ROOT="/no/where")
    assert done.stdout.split() == ["/no/where", "0"]


PLUGINS = 'echo "io.containerd.grpc.v1 cri linux/amd64 {state}"'


@pytest.mark.parametrize(
    ("ctr", "status", "driver"),
    [
        (PLUGINS.format(state="ok"), 0, "systemd"),
        (PLUGINS.format(state="skip"), 1, ""),
        ("[ $1 = --connect-timeout ] || exit 1; exit 124", 124, ""),
        ("echo 'ctr: connection refused' >&2; exit 1", 1, ""),
    ],
    ids=["answers", "without CRI", "hangs", "refuses"],
)
def test_a_containerd_that_hangs_is_told_from_one_without_its_cri_plugin(run, ctr, status, driver):
    crictl = """echo '"runc": {'; echo '"SystemdCgroup": true'"""
    programs = {"systemctl": "exit 0", "ctr": ctr, "crictl": crictl, "containerd": "exit 1"}
    done = run("containerd-cgroup-driver", programs, ENDPOINT="unix:///run/c.sock")
    assert (done.returncode, done.stdout.strip()) == (status, driver)


@pytest.mark.parametrize(
    ("own", "imported", "named"),
    [
        ("disabled_plugins = ['cri']", "", "config.toml"),
        ("imports = [\"conf.d/*\", '/no']", "disabled_plugins = ['x', 'io.containerd.grpc.v1.cri']", "conf.d/a.toml"),
        ("imports = [\"conf.d/*.toml\"]", "disabled_plugins = ['io.containerd.snapshotter.v1.zfs']", ""),
        ("# disabled_plugins = ['cri']", "disabled_plugins = ['cri']", ""),
    ],
    ids=["itself", "imports", "another plugin", "not imported"],
)  # fmt: skip
def test_the_file_that_disables_the_cri_plugin_is_named(run, tmp_path, own, imported, named):
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "config.toml").write_text(f"version = 3\n{own}\n")
    (tmp_path / "conf.d" / "a.toml").write_text(f"{imported}\n")
    done = run("containerd-cri-disabled", {}, FILE=str(tmp_path / "config.toml"))
    assert done.stdout.strip().removeprefix(f"{tmp_path}/") == named
