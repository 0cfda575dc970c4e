"""ssh_config answers, jump hosts, key files, sudo's words, job scripts: the pure parts."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8sboot.errors import ConnectError
from k8sboot.ssh import job_scripts, keys, link, privilege, ssh_config
from k8sboot.ssh.jobs import LONGEST_LINE, Lines
from k8sboot.ssh.target import Target


@pytest.mark.parametrize(
    ("hop", "expected"),
    [
        ("gate", (None, "gate", None)),
        ("me@gate", ("me", "gate", None)),
        ("me@gate:2222", ("me", "gate", 2222)),
        ("ssh://me@gate:2222/", ("me", "gate", 2222)),
        ("[2001:db8::1]:22", (None, "2001:db8::1", 22)),
        ("2001:db8::1", (None, "2001:db8::1", None)),
        ("me@corp@gate", ("me@corp", "gate", None)),
    ],
)
def test_jump_hosts(hop, expected):
    assert ssh_config.split_hop(hop) == expected


def test_empty_jump_host_is_refused():
    with pytest.raises(ConnectError, match="not a jump host"):
        ssh_config.split_hop("me@")


def test_without_ssh_config_the_defaults_decide(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LOGNAME", "me")
    login = ssh_config.resolve(Target("n1", "10.0.0.1", config_file="none"))

    assert (login.user, login.port, login.jump, login.proxy_command) == ("me", 22, (), "")
    assert login.known_hosts[0] == tmp_path / ".ssh" / "known_hosts"
    assert login.key_files[0] == tmp_path / ".ssh" / "id_ed25519"


def test_missing_ssh_program_is_said_when_there_is_a_config(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "config").write_text("Host *\n")

    assert "not installed" in ssh_config.resolve(Target("n1", "10.0.0.1")).notices[0]


@pytest.mark.parametrize(("passphrase", "encrypted"), [("", False), ("secret", True)])
@pytest.mark.parametrize(("kind", "name"), [("ed25519", "ssh-ed25519"), ("rsa", "ssh-rsa")])
def test_kind_and_lock_of_a_key_are_seen_without_opening_it(tmp_path, kind, name, passphrase, encrypted):
    path = tmp_path / "key"
    # A short RSA key is made in no time, and ed25519 has but one length.
    subprocess.run(
        ["ssh-keygen", "-q", "-t", kind, "-b", "1024", "-N", passphrase, "-f", str(path)], check=True
    )
    public = keys.public_part(path)
    path.with_name("key.pub").unlink()

    assert keys.peek(path.read_bytes()) == (name, encrypted)
    assert keys.public_part(path) == public is not None


def test_security_key_is_named(tmp_path):
    from base64 import b64encode

    def string(value: bytes) -> bytes:
        return len(value).to_bytes(4, "big") + value

    public = string(b"sk-ssh-ed25519@openssh.com") + string(b"x" * 32)
    body = (
        keys.MAGIC + string(b"none") + string(b"none") + string(b"") + (1).to_bytes(4, "big") + string(public)
    )
    path = tmp_path / "id_ed25519_sk"
    path.write_bytes(
        b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + b64encode(body) + b"\n-----END OPENSSH PRIVATE KEY-----\n"
    )
    path.chmod(0o600)
    with pytest.raises(keys.Unusable, match="FIDO"):
        keys.load(path, None)


@given(st.binary(max_size=200))
def test_no_content_of_a_key_file_is_fatal(content):
    keys.peek(b"-----BEGIN OPENSSH PRIVATE KEY-----" + content + b"-----END")
    keys.peek(content)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("sudo: a password is required", "asks for a password"),
        ("sudo: sorry, you must have a tty to run sudo", "requiretty"),
        ("ops is not in the sudoers file.", "sudoers does not allow ops"),
        ("Sorry, user ops is not allowed to execute '/bin/sh' as root on n1.", "sudoers does not allow ops"),
        ("Sorry, try again. sudo: no password was provided sudo: 1 incorrect password attempt", "wrong"),
        ("sudo: a terminal is required to read the password", "asks for a password"),
        ("sudo: Account or password is expired, reset your password", "message: sudo: Account"),
        ("", "message: (none)"),
    ],
)
def test_words_of_sudo(words, why):
    error = privilege.refusal(words, host="n1", user="ops")

    assert why in error.why
    assert error.fix


@pytest.mark.parametrize("name", ["", "../x", "a b", "a;b", "A", "a\n"])
def test_job_name_that_could_leave_its_folder_is_refused(name):
    with pytest.raises(ValueError, match="a job's name"):
        job_scripts.new_id(name)


def test_the_end_of_a_job_is_read_back():
    assert job_scripts.parse_end(b"no newline at the end..\nended 3\n") == job_scripts.End("ended", 3)
    assert job_scripts.parse_end(b"\nlost -\n") == job_scripts.End("lost", None)
    with pytest.raises(ValueError, match="unpack"):
        job_scripts.parse_end(b"sh: no such file\n")


@pytest.mark.parametrize(
    "script",
    [
        job_scripts.start_and_follow("a-1", job_scripts.start("a-1", "echo")),
        job_scripts.follow("a-1", offset=3),
        job_scripts.when_received("a-1"),
    ],
)
def test_job_scripts_are_posix_shell(script):
    assert subprocess.run(["/bin/sh", "-n"], input=script, text=True, check=False).returncode == 0


@given(st.lists(st.binary(max_size=30), max_size=20))
def test_lines_are_complete_whatever_the_slices(chunks):
    got: list[str] = []
    lines = Lines(got.append)
    for chunk in chunks:
        lines.feed(chunk)
    lines.feed(b"", final=True)
    text = b"".join(chunks).decode("utf-8", "replace")
    wanted = [line.removesuffix("\r") for line in text.split("\n")[:-1]]
    rest = text.split("\n")[-1]

    assert got == wanted + ([rest] if rest else [])


def test_long_line_comes_in_pieces():
    got: list[str] = []
    lines = Lines(got.append)
    lines.feed(b"x" * (2 * LONGEST_LINE + 5))
    lines.feed(b"y\nz\n")

    assert [len(line) for line in got] == [LONGEST_LINE, LONGEST_LINE, 6, 1]


def test_paramiko_is_not_imported_before_it_is_needed():
    program = "import sys, k8sboot.ssh, k8sboot.ssh.target; sys.exit('paramiko' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_sockets_send_at_once_and_notice_dead_peers():
    with socket.socket() as sock:
        link.tune(sock)

        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert 0 < sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) <= 15_000
