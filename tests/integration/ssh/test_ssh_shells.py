"""Login shells and their start-up files: it works through /bin/sh, or the error names them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from k8sboot.errors import ConnectError, ShellSilent
from k8sboot.secret import Secret

FREE = "{user} ALL=(ALL) NOPASSWD: ALL"
KEEPING = "Defaults:{user} !env_reset\n{user} ALL=(ALL) NOPASSWD: ALL"


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


@pytest.mark.parametrize("shell", ["/bin/dash", "/bin/csh", "/usr/bin/fish"])
@pytest.mark.parametrize("sudo_password", ["", "correct horse"])
def test_commands_and_jobs_start_from_one_environment(
    connected, new_user, another_sshd, login_key, shell, sudo_password
):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    server = another_sshd(
        SetEnv="HTTPS_PROXY=http://10.9.9.9:3128 KUBECONFIG=/nowhere TMPDIR=/nowhere TZ=UTC-9"
    )
    name = new_user(
        shell=shell, password=sudo_password, sudoers="{user} ALL=(ALL) ALL" if sudo_password else KEEPING
    )
    server.authorize(name, login_key)
    connection = connected(
        server=server, user=name, sudo_password=Secret(sudo_password) if sudo_password else None
    )
    session = connection.run("env", timeout=10).text
    job = connection.run_job("environment", "env", timeout=20, on_output=lambda _: None).text

    clean = {"PATH", "LC_ALL", "HOME", "USER", "LOGNAME", "PWD"}
    assert names(job) == clean
    assert names(session) == clean | {"SUDO_USER"}
    assert f"SUDO_USER={name}" in session
    assert (
        dict(line.split("=", 1) for line in session.splitlines()).items()
        >= {
            "HOME": "/root",
            "USER": "root",
            "LC_ALL": "C.UTF-8",
        }.items()
    )


def test_a_login_as_root_starts_from_that_environment(connected, another_sshd):
    server = another_sshd(SetEnv="HTTPS_PROXY=http://10.9.9.9:3128 KUBECONFIG=/nowhere")
    session = connected(server=server, user="root").run("env", timeout=10).text

    assert names(session) == {"PATH", "LC_ALL", "HOME", "USER", "LOGNAME", "PWD"}


@pytest.mark.parametrize(
    ("said", "why", "fix"),
    [
        (
            'Please login as the user "ubuntu" rather than the user "root".',
            "the host's key of root is restricted to this message",
            "set `user: ubuntu`",
        ),
        ("This server serves git alone.", "This server serves git alone.", "`command=` in authorized_keys"),
    ],
)
def test_a_forced_command_is_told_in_its_own_words(another_sshd, connected, said, why, fix):
    server = another_sshd()
    keys = server.home / "authorized" / "root"
    keys.write_text(
        f"command=\"echo '{said}'; exit 142\" ".replace('"ubuntu"', '\\"ubuntu\\"').replace(
            '"root"', '\\"root\\"'
        )
        + keys.read_text()
    )
    connection = connected(server=server, user="root")
    with pytest.raises(ConnectError) as caught:
        connection.run("true", timeout=10)

    assert caught.value.error_code == "KB-SSH-SHELL"
    assert said in caught.value.why
    assert why in caught.value.why
    assert fix in caught.value.fix


def test_an_expired_password_is_named_with_the_way_to_set_a_new_one(
    another_sshd, connected, new_user, login_key
):
    server = another_sshd(UsePAM="yes")
    name = new_user(sudoers=FREE)
    server.authorize(name, login_key)
    subprocess.run(["chage", "-d", "0", name], check=True)
    with pytest.raises(ConnectError) as caught:
        connected(server=server, user=name)

    assert f"the password of {name} has expired" in caught.value.why
    assert "WARNING: Your password has expired" in caught.value.why
    assert f"passwd {name}" in caught.value.fix
    assert "usermod" not in caught.value.fix


def names(environment: str) -> set[str]:
    """The variables that env(1) lists, without those that a shell adds for itself."""
    return {line.partition("=")[0] for line in environment.splitlines()} - {"_", "SHLVL", "OLDPWD"}
