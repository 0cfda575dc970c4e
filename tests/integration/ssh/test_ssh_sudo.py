"""Becoming root: every state of sudo is told at connect time, and the password goes nowhere else."""

from __future__ import annotations

import subprocess
import time

import pytest
import sshd as servers

from k8sboot.errors import SudoRefused
from k8sboot.secret import Secret

ASKS = "{user} ALL=(ALL) ALL"
FREE = "{user} ALL=(ALL) NOPASSWD: ALL"
RIGHT = Secret("correct horse")


def uid(connection) -> str:
    return connection.run("id -u", timeout=10).text.strip()


def test_root_needs_no_sudo(connected):
    assert uid(connected(user="root")) == "0"


def test_free_sudo(connected, free_user):
    assert uid(connected(user=free_user)) == "0"


def test_sudo_with_password(connected, sudo_user, sudo_password):
    connection = connected(user=sudo_user, sudo_password=sudo_password)

    assert [uid(connection) for _ in range(3)] == ["0", "0", "0"]


def test_password_given_but_not_asked_for_goes_nowhere(connected, free_user, tmp_path):
    connection = connected(user=free_user, sudo_password=Secret("hunter2"))
    done = connection.run(f"cat > {tmp_path}/payload; ps -eo args; env", timeout=10)

    assert (tmp_path / "payload").read_bytes() == b""
    assert "hunter2" not in done.text + done.stderr.decode()


def test_password_is_not_seen_by_the_script_even_when_sudo_stops_asking(connected, new_user, tmp_path):
    password = f"touch {tmp_path}/leaked"
    name = new_user(password=password, sudoers=ASKS)
    connection = connected(user=name, sudo_password=Secret(password))
    connection.run(f"echo '{name} ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/{name}", timeout=10)
    done = connection.run(f"cat > {tmp_path}/payload; ps -eo args; env; id -u", timeout=10)

    assert done.text.endswith("\n0\n")
    assert (tmp_path / "payload").read_bytes() == b""
    assert password not in done.text + done.stderr.decode()
    assert not (tmp_path / "leaked").exists()


def test_no_remembered_password_is_left_with_sudo(connected, new_user):
    name = new_user(password="correct horse", sudoers=ASKS + "\nDefaults:{user} timestamp_type=global")
    connection = connected(user=name, sudo_password=RIGHT)

    assert [uid(connection) for _ in range(2)] == ["0", "0"]
    assert connection.run(f"su {name} -s /bin/sh -c 'sudo -n true'", timeout=10).exit_status != 0


@pytest.mark.parametrize(
    ("sudoers", "password", "why", "fix"),
    [
        (ASKS, None, "asks for a password and none is set", "sudoPassword"),
        (
            ASKS,
            Secret("wrong"),
            "the sudo password is wrong (one attempt was made)",
            "correct `sudoPassword`",
        ),
        ("", RIGHT, "sudoers does not allow", "visudo"),
        (FREE + "\nDefaults:{user} requiretty", None, "requiretty", "!requiretty"),
        (ASKS + "\nDefaults:{user} requiretty", RIGHT, "requiretty", "!requiretty"),
        ("{user} ALL=(ALL) NOPASSWD: /bin/ls", None, "none is set", "visudo"),
        ("{user} ALL=(ALL) NOPASSWD: /bin/ls", RIGHT, "sudoers does not allow", "visudo"),
    ],
)
def test_refusal_names_cause_and_cure(connected, new_user, sudoers, password, why, fix):
    name = new_user(password="correct horse", sudoers=sudoers)
    with pytest.raises(SudoRefused) as caught:
        connected(user=name, sudo_password=password)

    assert why in caught.value.why
    assert fix in caught.value.fix


def test_wrong_password_is_one_attempt(connected, new_user, tmp_path):
    name = new_user(
        password="correct horse", sudoers=ASKS + f"\nDefaults:{{user}} logfile={tmp_path}/sudo.log"
    )
    with pytest.raises(SudoRefused):
        connected(user=name, sudo_password=Secret("wrong"))

    assert "1 incorrect password attempt" in " ".join((tmp_path / "sudo.log").read_text().split())


def test_lecture_and_coloured_prompt_do_not_matter(connected, new_user):
    name = new_user(
        password="correct horse",
        sudoers=ASKS
        + '\nDefaults:{user} lecture=always, passprompt="\\033[31mPASSWORD?", passprompt_override',
    )
    done = connected(user=name, sudo_password=RIGHT).run("echo out; echo err >&2", timeout=10)

    assert (done.stdout, done.stderr) == (b"out\n", b"err\n")


@pytest.fixture
def with_sudo_replaced(lair, login_key, free_user):
    """Starts a server that sees another file in the place of sudo."""
    started = []

    def start(by: str) -> servers.Server:
        script = f'mount --bind {by} "$(command -v sudo)" && exec "$@"'
        inside = ("unshare", "--mount", "sh", "-c", script, "sh")
        if subprocess.run([*inside, "true"], capture_output=True, check=False).returncode != 0:
            pytest.skip("no mount namespaces here to hide sudo in")
        started.append(servers.Server(lair / f"sudo-{len(list(lair.iterdir()))}", inside=inside).start())
        started[-1].authorize(free_user, login_key)
        return started[-1]

    yield start
    for server in started:
        server.stop()


def test_missing_sudo_is_said(connected, with_sudo_replaced):
    with pytest.raises(SudoRefused, match="sudo is not installed"):
        connected(server=with_sudo_replaced(by="/dev/null"))


def test_sudo_that_hangs_is_named(connected, with_sudo_replaced, lair, monkeypatch):
    monkeypatch.setattr("k8sboot.ssh.privilege.PROBE_TIMEOUT", 2.0)
    slow = lair / "slow-sudo"
    slow.write_text("#!/bin/sh\nsleep 60\n")
    slow.chmod(0o755)
    with pytest.raises(SudoRefused, match="did not finish") as caught:
        connected(server=with_sudo_replaced(by=str(slow)))

    assert "/etc/hosts" in caught.value.fix


def test_refused_sudo_leaves_no_session_behind(connected, new_user, sshd):
    name = new_user(sudoers="")
    with pytest.raises(SudoRefused):
        connected(user=name)
    deadline = time.monotonic() + 5
    while f"sshd: {name}" in (running := titles(sshd.sessions())) and time.monotonic() < deadline:
        time.sleep(0.05)

    assert f"sshd: {name}" not in running


def titles(pids: list[int]) -> str:
    done = subprocess.run(
        ["ps", "-o", "args", "-p", ",".join(map(str, [1, *pids]))], capture_output=True, text=True
    )
    return done.stdout
