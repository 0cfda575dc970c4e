"""yum's lock, health, version locks: on fake hosts, and its questions in real shells."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from fake_yum import EL7, LOCK_LIST, LOCK_PLUGIN

from k8sboot.errors import CommandFailed, DeadlineExceeded
from k8sboot.events import Waiting
from k8sboot.osfamily import yum
from k8sboot.osfamily.rhel import Rhel

FAMILY = Rhel()
SHELLS = [shell for shell in ("dash", "bash") if shutil.which(shell)]
SYSTEM = {"files": {"/etc/os-release": EL7}}


def host(bench, **answers):
    always = {"yum-lock-holder": "", "yum-health": "", "yum-lists-are-fresh": ""}
    it = bench(**SYSTEM, answers={**always, **answers})
    it.reads = FAMILY.reads
    return it


def test_a_lock_is_waited_for_and_its_holder_named(bench, clock):
    it = host(bench, **{"yum-lock-holder": "packagekitd, pid 4711\n"})
    clock.on_nap = lambda: clock.slept == 3 and it.connection.answers.update({"yum-lock-holder": ""})
    it.do(yum.wait_for_lock)
    assert [e.what for e in it.events if isinstance(e, Waiting)] == [
        "the package manager, held by packagekitd, pid 4711"
    ]
    assert clock.slept == 3


def test_a_lock_that_is_never_given_back_ends_the_wait_with_its_holder(bench):
    it = host(bench, **{"yum-lock-holder": "yum, pid 4711\n"})
    with pytest.raises(DeadlineExceeded) as late:
        it.do(yum.wait_for_lock)
    assert late.value.why == "held by yum, pid 4711"


def test_a_damaged_database_is_rebuilt_and_said(bench):
    it = host(bench, **{"yum-health": "database\n"})
    it.connection.answers["/bin/sh -c"] = ""
    assert it.do(FAMILY.refresh) == ["rebuild rpm's database", "read the package lists"]
    assert it.said == ["KB-PACKAGES-BROKEN"]
    assert "rpm --rebuilddb" in it.connection.commands


def test_an_interrupted_transaction_is_finished_and_said(bench):
    it = host(bench, **{"yum-health": "transaction\n"})
    it.connection.offered["yum-utils"] = ("0:1.1.31-54.el7_8",)
    assert it.do(FAMILY.refresh) == ["finish an interrupted package transaction", "read the package lists"]
    assert it.said == ["KB-PACKAGES-BROKEN"]
    assert "yum-complete-transaction -y" in it.connection.commands


def test_a_lock_on_another_version_is_replaced(bench):
    it = host(bench)
    it.connection.packages["docker-ce"] = "3:20.10.24-3.el7"
    it.connection.put(LOCK_PLUGIN, "[main]\n")
    it.connection.put(LOCK_LIST, "# mine\n0:bash-4.2.46-35.el7_9.*\n3:docker-ce-20.10.23-3.el7.*\n")
    assert FAMILY.loose(it.host(), ("docker-ce",)) == ("docker-ce",)
    it.do(yum.lock, ("docker-ce",))
    assert it.connection.text(LOCK_LIST).splitlines()[-2:] == [
        "0:bash-4.2.46-35.el7_9.*",
        "3:docker-ce-20.10.24-3.el7.*",
    ]
    assert FAMILY.loose(it.host(), ("docker-ce",)) == ()


@pytest.mark.parametrize(
    "line",
    ["3:docker-ce-20.10.24-3.el7.*", "docker-ce-3:20.10.24-3.el7.*", "docker-ce-3:20.10.24-3.el7.x86_64"],
)
def test_locks_are_read_in_yums_and_in_dnfs_form(bench, line):
    it = host(bench)
    it.connection.packages.update({"docker-ce": "3:20.10.24-3.el7", "docker-ce-cli": "1:20.10.24-3.el7"})
    it.connection.put("/etc/dnf/plugins/versionlock.conf", "[main]\n")
    it.connection.put("/etc/dnf/plugins/versionlock.list", f"{line}\n")
    assert FAMILY.loose(it.host(), ("docker-ce", "docker-ce-cli")) == ("docker-ce-cli",)


def test_without_the_plugin_nothing_is_loose(bench):
    it = host(bench)
    it.connection.packages["docker-ce"] = "3:20.10.24-3.el7"
    assert FAMILY.loose(it.host(), ("docker-ce",)) == ()


def test_lists_that_cannot_be_read_are_an_error_and_not_an_empty_shop(bench):
    it = host(bench, yum=(1, "", "Cannot retrieve repository metadata (repomd.xml) for repository: base\n"))
    with pytest.raises(CommandFailed) as failed:
        it.do(FAMILY.candidates, ("docker-ce",))
    assert "repomd.xml" in failed.value.detail


def test_lists_that_do_not_lie_there_are_read_before_anything_is_said_of_them(bench):
    def listing(connection, _words):
        return connection._listing(["jq"]) if connection.has_fresh_lists else (1, "", "Error: no cache\n")

    asked = "yum -y -q -C --disableplugin=versionlock --disableexcludes=all list"
    it = host(bench, **{asked: listing})
    it.connection.offered["jq"] = ("0:1.6-2.el7",)
    assert it.do(FAMILY.candidates, ("jq",)) == ["read the package lists"]
    assert FAMILY.candidates(it.host(), ("jq",)) == {"jq": ("0:1.6-2.el7",)}
    it.connection.has_fresh_lists = False
    assert it.do(FAMILY.candidates, ("jq",), is_dry=True) == ["read the package lists"]
    assert it.connection.mutations == []


def run(shell: str, script: str) -> str:
    return subprocess.run([shell, "-c", script], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("shell", SHELLS)
def test_in_a_real_shell_a_pid_file_names_the_holder(shell: str, tmp_path: Path):
    script = (
        yum.HOLDER[2].replace("/var/run/yum.pid", str(tmp_path / "yum.pid")).replace("/var/", f"{tmp_path}/")
    )
    assert run(shell, script) == ""
    (tmp_path / "yum.pid").write_text(f"{os.getpid()}\n")
    assert run(shell, script).rstrip().endswith(f", pid {os.getpid()}")
    (tmp_path / "yum.pid").write_text("4194399\n")
    assert run(shell, script) == "", "whoever wrote it is dead"


@pytest.mark.parametrize("shell", SHELLS)
def test_in_a_real_shell_rpms_own_lock_names_the_holder(shell: str, tmp_path: Path):
    path = tmp_path / "lib/rpm/.rpm.lock"
    path.parent.mkdir(parents=True)
    script = yum.HOLDER[2].replace("/var/", f"{tmp_path}/")
    with path.open("w") as lock:
        assert run(shell, script) == ""
        fcntl.lockf(lock, fcntl.LOCK_EX)
        assert run(shell, script).rstrip().endswith(f", pid {os.getpid()}")


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("says", "journal", "expected"),
    [
        ("echo package k8sboot-no-such-package is not installed; exit 1", False, []),
        (
            "echo 'error: rpmdb: BDB0113 Thread died; PANIC: fatal region error' >&2; exit 1",
            False,
            ["database"],
        ),
        (
            "echo 'error: cannot open Packages database in /var/lib/rpm' >&2; exit 1",
            True,
            ["database", "transaction"],
        ),
    ],
    ids=["sound", "damaged", "both"],
)
def test_in_a_real_shell_rpms_health_is_told(shell, says, journal, expected, tmp_path: Path):
    for name in ("rpm", "yum"):
        (tmp_path / name).write_text(f"#!/bin/sh\n{says}\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "lib/yum").mkdir(parents=True)
    if journal:
        (tmp_path / "lib/yum/transaction-all.2024-01-01.10:00.00").touch()
    script = f"PATH={tmp_path}:$PATH\n" + yum.HEALTH.script.replace("/var/", f"{tmp_path}/")
    assert run(shell, script).split() == expected


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("pid", "listed", "expected"),
    [
        ("4194399", "bash.x86_64\njq.x86_64\njq.x86_64\nkernel.x86_64\nkernel.x86_64", ["duplicates"]),
        ("4194399", "bash.x86_64\nkernel.x86_64\nkernel.x86_64", []),
        ("", "jq.x86_64\njq.x86_64", []),
        (str(os.getpid()), "jq.x86_64\njq.x86_64", []),
    ],
    ids=["killed", "killed before", "ended", "at work"],
)
def test_in_a_real_shell_a_dnf_that_was_killed_is_told_by_its_duplicates(
    shell, pid, listed, expected, tmp_path: Path
):
    for name, says in {"rpm": f"printf '{listed}\\n'", "dnf": ":"}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{says}\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "lib/dnf").mkdir(parents=True)
    if pid:
        (tmp_path / "lib/dnf/rpmdb_lock.pid").write_text(pid + "\n")
    script = f"PATH={tmp_path}:$PATH\n" + yum.DNF_HEALTH.script.replace("/var/", f"{tmp_path}/")
    assert run(shell, script).split() == expected


def test_duplicates_that_dnf_left_are_removed_and_said(bench):
    it = host(bench, **{"dnf-health": "duplicates\n"})
    it.connection.answers["yum -y remove --duplicates"] = lambda host, _words: (
        host.answers.update({"dnf-health": ""}) or ""
    )
    assert it.do(FAMILY.refresh) == ["finish an interrupted package transaction", "read the package lists"]
    assert it.said == ["KB-PACKAGES-BROKEN"]
