"""The door: what a change sends, what it leaves behind, and how it fails."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from k8sboot.errors import CommandFailed, ConnectionLost, NotAsWanted
from k8sboot.events import Changed, Output, Working
from k8sboot.host.script import Commands
from k8sboot.secret import Secret


def test_commands_travel_in_one_round_trip_in_order(bench):
    it = bench()
    it.do(lambda host: host.change("do both", ["touch", "/a b"], ["rm", "-f", "/a b"]))
    assert it.connection.runs == ["change"]
    assert it.connection.commands == ["touch '/a b'", "rm -f '/a b'"]


@pytest.mark.parametrize("job", [False, True])
def test_the_command_of_several_that_failed_is_named_with_what_it_said(bench, job):
    it = bench(answers={"false": (3, "on stdout\n", "on stderr\n")})
    with pytest.raises(CommandFailed) as failed:
        it.do(lambda host: host.change("try", ["touch", "/a"], ["false", "it is"], ["touch", "/b"], job=job))
    assert failed.value.command == "false 'it is'"
    assert failed.value.exit_status == 3
    assert failed.value.detail == "on stdout\non stderr"
    assert failed.value.host == "h1"
    assert failed.value.fix
    assert "/b" not in it.connection.files
    assert it.changes == []


def test_a_job_tells_its_output_but_not_our_own_marks(bench):
    it = bench(answers={"apt-get": (1, "Reading...\n", "E: broken\n")})
    with pytest.raises(CommandFailed):
        it.do(lambda host: host.change("install it", ["apt-get", "x"], job=True))
    assert [e.line for e in it.events if isinstance(e, Output)] == ["Reading...", "E: broken"]
    assert [e.what for e in it.events if isinstance(e, Working)] == ["install it"]


def test_only_the_last_lines_are_kept(bench):
    it = bench(answers={"noisy": (1, "".join(f"{n}\n" for n in range(100)), "")})
    with pytest.raises(CommandFailed) as failed:
        it.do(lambda host: host.change("be loud", ["noisy"]))
    assert failed.value.detail.splitlines() == [str(n) for n in range(75, 100)]


def test_secrets_lie_in_files_while_the_commands_run_and_only_then(bench):
    seen = []

    def look(host, _words):
        seen.append((host.text("/run/k8sboot/s"), host.files["/run/k8sboot/s"].mode))
        return ""

    it = bench(answers={"use": look})
    it.do(
        lambda host: host.change(
            "use it", ["use", "/run/k8sboot/s"], secrets={"/run/k8sboot/s": Secret("hunter2")}
        )
    )
    assert seen == [("hunter2", 0o600)]
    assert "/run/k8sboot/s" not in it.connection.files
    assert "hunter2" not in repr(it.events)
    assert "hunter2" not in " ".join(it.connection.commands)


def test_secrets_leave_when_the_commands_fail(bench):
    it = bench(answers={"use": (1, "", "")})
    with pytest.raises(CommandFailed):
        it.do(lambda host: host.change("use it", ["use"], secrets={"/run/s": Secret("hunter2")}))
    assert "/run/s" not in it.connection.files


def test_secrets_that_cannot_be_laid_out_stop_the_change(bench, monkeypatch):
    from k8sboot.ssh.connection import Completed

    it = bench()
    monkeypatch.setattr(
        it.connection, "_write", lambda _script: Completed(1, b"", b"No space left on device\n")
    )
    with pytest.raises(CommandFailed, match="use it") as failed:
        it.do(lambda host: host.change("use it", ["touch", "/x"], secrets={"/run/s": Secret("hunter2")}))
    assert "No space left" in failed.value.detail
    assert "/x" not in it.connection.files


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_the_script_tidies_up_whatever_the_names_are(tmp_path, shell):
    if not shutil.which(shell):
        pytest.skip(f"no {shell}")
    secret = tmp_path / 'it\'s a "file"'
    secret.write_text("hunter2")
    done = subprocess.run(
        [shell], input=Commands((("false",),), remove=(str(secret),)).render(), capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr == "k8sboot-failed-0\n"
    assert not secret.exists()


def test_a_dry_run_does_nothing_and_says_what_it_would(bench):
    it = bench()
    secrets = {"/run/s": Secret("x")}
    assert it.do(lambda host: host.change("do it", ["touch", "/x"], secrets=secrets), is_dry=True) == [
        "do it"
    ]
    assert it.connection.runs == []
    assert it.events == [Changed(host="h1", phase="test", what="do it", commands=("touch /x",), is_dry=True)]


def test_done_and_still_not_as_wanted_is_an_error(bench):
    it = bench()
    with pytest.raises(NotAsWanted, match="did not change as expected"):
        it.do(lambda host: host.change("do it", ["touch", "/x"], check=lambda: "it is still off"))


@pytest.mark.parametrize("loses", [["before"], ["behind"], ["before", "before", "behind"]])
def test_a_change_whose_connection_dies_happens_once(bench, loses):
    it = bench(answers={"touch": "touched\n"})
    it.connection.loses = loses
    assert it.host().change("touch a file", ["touch", "/x"]) == "touched\n"
    assert it.connection.mutations == ["touch /x"]
    assert it.changes == ["touch a file"]


def test_a_change_that_failed_while_nobody_looked_is_told_as_any_other(bench):
    it = bench(answers={"touch": (3, "", "no such folder\n")})
    it.connection.loses = ["behind"]
    with pytest.raises(CommandFailed) as error:
        it.host().change("touch a file", ["touch", "/x"])
    assert error.value.exit_status == 3
    assert error.value.detail == "no such folder"


def test_how_a_change_went_before_a_restart_is_nobody_s_knowledge(bench):
    it = bench(answers={"touch": ""})
    host = it.host()
    assert host.facts.boot_id
    it.connection.loses = ["restarted"]
    with pytest.raises(ConnectionLost) as error:
        host.change("touch a file", ["touch", "/x"])
    assert "rebooted" in error.value.why
    assert it.connection.mutations == ["touch /x"]
