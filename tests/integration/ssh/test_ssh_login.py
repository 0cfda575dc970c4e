"""Authentication: what is tried, in which order, how often, and what is said when nothing works."""

from __future__ import annotations

import signal
import socket
import subprocess
import threading
from pathlib import Path

import pytest
from ssh_keys import keygen
from sshd import works

from k8sboot.errors import AuthenticationFailed
from k8sboot.secret import Secret


@pytest.fixture
def agent(tmp_path, monkeypatch):
    """A running ssh-agent; add(key) puts a key into it."""
    path = tmp_path / "agent.sock"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(path)], stdout=subprocess.DEVNULL)
    while not path.exists():
        assert process.poll() is None
    monkeypatch.setenv("SSH_AUTH_SOCK", str(path))

    def add(key: Path) -> None:
        subprocess.run(["ssh-add", "-q", str(key)], check=True)

    yield add
    process.send_signal(signal.SIGTERM)
    process.wait()


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_key_of_any_kind(kind, sshd, connected, new_user, lair):
    key = keygen(lair / f"kind_{kind}", kind=kind)
    name = new_user(sudoers="{user} ALL=(ALL) NOPASSWD: ALL")
    sshd.authorize(name, key)

    assert works(connected(user=name, identity_file=str(key)))


def test_encrypted_key_with_its_passphrase(sshd, connected, free_user, login_key, tmp_path):
    key = keygen(tmp_path / "locked", passphrase="open sesame")
    sshd.authorize(free_user, key)

    assert works(connected(identity_file=str(key), passphrase=Secret("open sesame")))
    with pytest.raises(AuthenticationFailed, match="passphrase is wrong"):
        connected(identity_file=str(key), passphrase=Secret("guess"))
    with pytest.raises(AuthenticationFailed, match="no passphrase is set"):
        connected(identity_file=str(key))


def test_old_pem_key_with_a_passphrase(sshd, connected, free_user, login_key, tmp_path):
    key = keygen(tmp_path / "pem", "-m", "PEM", kind="rsa", passphrase="open sesame")
    sshd.authorize(free_user, key)

    assert works(connected(identity_file=str(key), passphrase=Secret("open sesame")))
    with pytest.raises(AuthenticationFailed, match="passphrase is wrong"):
        connected(identity_file=str(key), passphrase=Secret("guess"))


def test_key_others_may_read_is_refused_as_ssh_does(connected, login_key, tmp_path):
    key = tmp_path / "open"
    key.write_bytes(login_key.read_bytes())
    key.chmod(0o644)
    with pytest.raises(AuthenticationFailed, match="chmod 600"):
        connected(identity_file=str(key))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file"),
        (b"", "not a private key"),
        (
            b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
            "not a private key",
        ),
        (b"\xff\x00garbage", "not a private key"),
    ],
)
def test_file_that_is_no_key_is_named(connected, tmp_path, content, reason):
    key = tmp_path / "nokey"
    if content is not None:
        key.write_bytes(content)
        key.chmod(0o600)
    with pytest.raises(AuthenticationFailed, match=reason):
        connected(identity_file=str(key))


def test_certificate_beside_the_key_is_used(another_sshd, connected, free_user, lair):
    authority = keygen(lair / "user_ca")
    key = keygen(lair / "certified")
    sign = ["ssh-keygen", "-q", "-s", str(authority), "-I", "me", "-n", free_user, f"{key}.pub"]
    server = another_sshd(TrustedUserCAKeys=f"{authority}.pub")
    with pytest.raises(AuthenticationFailed):
        connected(server=server, identity_file=str(key))
    subprocess.run(sign, check=True, capture_output=True)

    assert works(connected(server=server, identity_file=str(key)))


def test_expired_certificate_is_a_plain_refusal(another_sshd, connected, free_user, lair):
    authority = keygen(lair / "expired_ca")
    key = keygen(lair / "expired")
    sign = ["ssh-keygen", "-q", "-s", str(authority), "-I", "me", "-n", free_user]
    subprocess.run([*sign, "-V", "20200101:20200102", f"{key}.pub"], check=True, capture_output=True)
    with pytest.raises(AuthenticationFailed, match="with its certificate.*refused"):
        connected(server=another_sshd(TrustedUserCAKeys=f"{authority}.pub"), identity_file=str(key))


def test_key_in_the_agent(agent, connected, login_key):
    agent(login_key)

    assert works(connected(identity_file=None))


def test_key_of_the_inventory_comes_out_of_the_agent_when_it_is_locked(
    agent, sshd, connected, free_user, tmp_path
):
    locked = keygen(tmp_path / "locked")
    sshd.authorize(free_user, locked)
    for number in range(6):
        agent(keygen(tmp_path / f"other{number}"))
    agent(locked)
    subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", "secret", "-f", str(locked)], check=True)

    assert works(connected(identity_file=str(locked)))


def test_eight_agent_keys_are_five_tries(agent, another_sshd, connected, tmp_path):
    server = another_sshd()
    for number in range(8):
        agent(keygen(tmp_path / f"key{number}"))
    with pytest.raises(AuthenticationFailed) as caught:
        connected(server=server, identity_file=None)

    assert caught.value.why.count("agent key SHA256:") == 5
    assert server.log.count("Failed publickey") == 5


def test_dead_agent_is_no_obstacle(connected, monkeypatch, tmp_path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "dead.sock"))
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "dead.sock"))

    assert works(connected())


def test_silent_agent_is_named(connected, monkeypatch, tmp_path):
    monkeypatch.setattr("k8sboot.ssh.authenticate.AGENT_TIMEOUT", 0.2)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "mute.sock"))
        listener.listen()
        monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "mute.sock"))
        with pytest.raises(AuthenticationFailed, match="agent: not responding"):
            connected(identity_file=None)


def test_default_key_in_the_home_directory(connected, login_key, tmp_path):
    (tmp_path / ".ssh").mkdir()
    default = tmp_path / ".ssh" / "id_ed25519"
    default.write_bytes(login_key.read_bytes())
    default.chmod(0o600)

    assert works(connected(identity_file=None))


def test_password(sudo_user, connected, sudo_password):
    assert works(
        connected(user=sudo_user, identity_file=None, password=sudo_password, sudo_password=sudo_password)
    )


def test_wrong_password_is_tried_once(sudo_user, another_sshd, connected):
    server = another_sshd()
    with pytest.raises(AuthenticationFailed, match="password: refused") as caught:
        connected(server=server, user=sudo_user, identity_file=None, password=Secret("hunter2"))

    assert server.log.count("Failed password") == 1
    assert "hunter2" not in str(vars(caught.value))


def test_password_by_keyboard_interactive(sudo_user, another_sshd, connected, sudo_password):
    server = another_sshd(UsePAM="yes", KbdInteractiveAuthentication="yes", PasswordAuthentication="no")
    connection = connected(
        server=server, user=sudo_user, identity_file=None, password=sudo_password, sudo_password=sudo_password
    )

    assert works(connection)


def test_key_and_password_both_wanted(sudo_user, another_sshd, connected, sudo_password, login_key):
    server = another_sshd(AuthenticationMethods="publickey,password")
    server.authorize(sudo_user, login_key)
    with pytest.raises(AuthenticationFailed, match="accepted, but the server also requires password"):
        connected(server=server, user=sudo_user)

    assert works(
        connected(server=server, user=sudo_user, password=sudo_password, sudo_password=sudo_password)
    )


def test_refusal_lists_everything_that_was_tried(connected, tmp_path):
    wrong = keygen(tmp_path / "wrong")
    with pytest.raises(AuthenticationFailed) as caught:
        connected(identity_file=str(wrong), password=Secret("hunter2"))

    assert f"identityFile {wrong}: refused" in caught.value.why
    assert "password: refused" in caught.value.why
    assert "ssh-copy-id" in caught.value.fix


def test_nothing_to_try_is_said(connected):
    with pytest.raises(
        AuthenticationFailed, match="no key file exists, no agent is running, and no password is set"
    ):
        connected(identity_file=None)


def test_failed_login_leaves_no_thread_and_no_socket(connected, tmp_path):
    wrong = keygen(tmp_path / "wrong")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        with pytest.raises(AuthenticationFailed):
            connected(identity_file=str(wrong))

    assert [thread for thread in threading.enumerate() if not thread.daemon] == [threading.main_thread()]
    assert len(list(Path("/proc/self/fd").iterdir())) <= before


def test_an_account_that_has_expired_is_told_in_the_servers_words_after_one_try(
    another_sshd, connected, new_user, login_key
):
    server = another_sshd(UsePAM="yes")
    name = new_user(sudoers="{user} ALL=(ALL) NOPASSWD: ALL")
    server.authorize(name, login_key)
    subprocess.run(["chage", "-E", "0", name], check=True)
    with pytest.raises(AuthenticationFailed) as caught:
        connected(server=server, user=name)

    assert f"the account {name} has expired" in caught.value.why
    assert "Your account has expired" in caught.value.why
    assert "chage -E -1" in caught.value.fix
    assert server.log.count("Connection from") == 1


def test_a_server_that_closes_the_connection_at_the_login_is_tried_three_times(
    another_sshd, connected, login_key, monkeypatch
):
    monkeypatch.setattr("k8sboot.ssh.route.CLOSED_PAUSES", (0.0, 0.0))
    server = another_sshd(MaxAuthTries="1")
    with pytest.raises(AuthenticationFailed, match="3 times without a message") as caught:
        connected(server=server, user="daemon")

    assert "access.conf" in caught.value.why
    assert "journalctl -u ssh" in caught.value.fix
    assert server.log.count("Connection from") == 3
