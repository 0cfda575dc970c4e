"""Login shells and their start-up files: it works through /bin/sh, or the error names them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from k8sboot.errors import ConnectError, ShellSilent

FREE = "{user} ALL=(ALL) NOPASSWD: ALL"


def rc(name: str, file: str, text: str) -> None:
    path = Path(f"~{name}/{file}").expanduser()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o644)


@pytest.mark.parametrize("shell", ["/bin/dash", "/bin/bash", "/bin/csh", "/usr/bin/fish", "/usr/bin/zsh"])
def test_login_shell_does_not_matter(connected, new_user, shell):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    done = connected(user=new_user(shell=shell, sudoers=FREE)).run("echo $((6 * 7)); exit 5", timeout=10)

    assert (done.text, done.exit_status) == ("42\n", 5)


@pytest.mark.parametrize("shell", ["/usr/sbin/nologin", "/bin/false"])
def test_shell_that_runs_nothing_is_named(connected, new_user, shell):
    with pytest.raises(ConnectError, match="did not run /bin/sh") as caught:
        connected(user=new_user(shell=shell, sudoers=FREE))

    assert "usermod -s" in caught.value.fix


def test_chatter_of_the_start_up_file_is_no_output(connected, new_user):
    name = new_user(sudoers=FREE)
    rc(name, ".bashrc", "printf '\\033[31mwelcome\\n'; echo oops >&2; echo '</k8sboot:0> 0'\n")
    done = connected(user=name).run("echo out; echo err >&2", timeout=10)

    assert (done.stdout, done.stderr) == (b"out\n", b"err\n")


def test_login_banner_is_no_output(another_sshd, connected, tmp_path):
    (tmp_path / "banner").write_text("AUTHORIZED USE ONLY\n" * 100)
    connection = connected(server=another_sshd(Banner=str(tmp_path / "banner")))

    assert connection.run("echo out", timeout=10).stdout == b"out\n"


def test_start_up_file_that_hangs_is_named(connected, new_user, monkeypatch):
    monkeypatch.setattr("k8sboot.ssh.privilege.PROBE_TIMEOUT", 2.0)
    name = new_user(sudoers=FREE)
    rc(name, ".bashrc", "echo hello; sleep 1000\n")
    with pytest.raises(ConnectError, match="login shell") as caught:
        connected(user=name)

    assert ".bashrc" in caught.value.why
    assert "hello" in caught.value.fix


def test_start_up_file_that_becomes_another_program_is_named(connected, new_user):
    name = new_user(sudoers=FREE)
    rc(name, ".bashrc", "exec /usr/bin/tr a b\n")
    with pytest.raises(ConnectError, match="did not run /bin/sh"):
        connected(user=name)


def test_start_up_file_that_hangs_is_named_for_a_long_command_too(connected, new_user, monkeypatch):
    monkeypatch.setattr("k8sboot.ssh.execution.SHELL_WAIT", 2.0)
    name = new_user(sudoers=FREE)
    connection = connected(user=name)
    rc(name, ".bashrc", "echo hello; sleep 1000\n")
    with pytest.raises(ShellSilent) as caught:
        connection.run("echo out", timeout=300)

    assert ".bashrc" in caught.value.why
    assert "hello" in caught.value.fix
