"""What somebody else's inventory, host or folder could make of the operator's own SSH."""

from __future__ import annotations

import base64
import re
import socket
import subprocess
import threading

import pytest

from k8sboot.errors import ConnectError, HostKeyRefused, K8sbootError
from k8sboot.kubernetes.commands import join_line
from k8sboot.ssh import handshake, route, ssh_config
from k8sboot.ssh.config_commands import commands_in, in_use
from k8sboot.ssh.host_keys import Judge
from k8sboot.ssh.known_hosts import fingerprint
from k8sboot.ssh.known_hosts_file import why_not
from k8sboot.ssh.link import WatchedStream
from k8sboot.ssh.login import Login
from k8sboot.ssh.target import Target


def key(name: str, kind: str = "ssh-ed25519") -> bytes:
    return len(kind).to_bytes(4, "big") + kind.encode() + name.encode().ljust(47)


def line(hosts: str, name: str = "a") -> str:
    return f"{hosts} ssh-ed25519 {base64.b64encode(key(name)).decode()}"


WORDS = [
    "fe80::1%$(touch x)",
    "h;id",
    "h`id`",
    "h|id",
    "h&",
    "h'",
    'h"',
    "h>x",
    "a b",
    "-oX",
    "h\\",
    "$HOME",
    "(h)",
]


@pytest.mark.parametrize("word", WORDS)
def test_no_name_reaches_a_shell_of_ssh_config(word, monkeypatch):
    monkeypatch.setattr(subprocess, "run", lambda *_a, **_k: pytest.fail("ssh was asked"))
    for target in (Target("n1", word), Target("n1", "10.0.0.1", user=word)):
        with pytest.raises(ConnectError, match="is not a valid"):
            ssh_config.resolve(target)


@pytest.mark.parametrize(
    "text", ["", "# my keys\n", line("restrict"), line("no-pty"), line("h"), line("cert-authority")]
)
def test_no_key_is_added_to_authorized_keys_by_any_way(tmp_path, text):
    """A host called `no-pty`, or `restrict`, makes a valid line there: its owner could log in here."""
    theirs = tmp_path / "authorized_keys"
    link = tmp_path / "known_hosts"
    link.symlink_to("authorized_keys")
    assert why_not(theirs)
    theirs.write_text(text)
    assert why_not(theirs)
    assert why_not(link)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rc", None),
        (".bash_profile", None),
        ("keys", ""),
        ("keys", "# nothing yet\n"),
        ("keys", line("restrict,no-pty")),
        ("keys", line('from="10.0.0.1"')),
        ("keys", line("h") + "\nexport PATH\n"),
        ("known_hosts", "export PATH\nls\n"),
        ("known_hosts", line("pty,restrict")),
        ("keys", "ssh-ed25519 " + base64.b64encode(key("a")).decode()),
    ],
)
def test_other_files_are_not_written_to(tmp_path, name, text):
    if text is not None:
        (tmp_path / name).write_text(text)
    (tmp_path / "known_hosts_of_lab").symlink_to(name)
    assert why_not(tmp_path / name)
    assert why_not(tmp_path / "known_hosts_of_lab")


def test_a_device_is_no_known_hosts_and_nothing_is_written_to_a_folder(tmp_path):
    assert why_not(tmp_path) == "", "row 19 of the fault matrix: a warning when a host has a new key"
    assert "regular" in why_not(tmp_path.__class__("/dev/zero"))
    (tmp_path / "known_hosts").symlink_to("known_hosts")
    assert why_not(tmp_path / "known_hosts")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("known_hosts", None),
        ("known_hosts", ""),
        ("lab.known_hosts", "# lab\n"),
        ("hosts-of-lab", line("[10.0.0.1]:2222,n1") + "\n"),
        ("hosts-of-lab", "@revoked " + line("*") + "\n" + line("|1|c2FsdA==|aGFzaA==")),
        ("known_hosts", line("h") + "\nbroken\n"),
        ("known_hosts", line("h\xf4te")),
    ],
)
def test_known_hosts_files_and_new_ones_of_that_name_are_written_to(tmp_path, name, text):
    if text is not None:
        (tmp_path / name).write_text(text)
    assert why_not(tmp_path / name) == ""
    assert why_not(tmp_path.__class__("/dev/null")) == ""


def test_a_link_that_was_put_there_after_the_check_is_not_written_to(tmp_path):
    (tmp_path / "authorized_keys").write_text("")
    (tmp_path / "known_hosts").symlink_to("authorized_keys")
    notices: list[str] = []
    target = Target("n1", "restrict", known_hosts_file=str(tmp_path / "known_hosts"))
    login = Login(target, "restrict", 22, "root", known_hosts=(tmp_path / "known_hosts",))
    Judge(login, notices.append).check(key("a"))
    assert (tmp_path / "authorized_keys").read_text() == ""
    assert "cannot write the new key" in notices[-1]


def test_commands_of_an_ssh_config_are_found_by_reading(tmp_path):
    config = tmp_path / "config"
    config.write_text(
        'Host a\n  proxycommand=nc %h %p\nMatch host b exec "touch x"\n "ProxyCommand" x\nUser exec\nInclude y\n'
    )
    assert [number for number, _ in commands_in(config, with_includes=True)] == [2, 3, 4, 6]
    assert list(commands_in(tmp_path)) == list(commands_in(tmp_path / "none")) == []
    assert in_use("none") == ()
    assert in_use(str(config)) == (config,)


def test_the_join_command_can_be_pasted_whatever_the_endpoint_is():
    said = join_line("x;touch y:6443", token="a.b", ca_cert_hash="sha256:0")
    assert said == "kubeadm join 'x;touch y:6443' --token a.b --discovery-token-ca-cert-hash sha256:0"


def judged(
    tmp_path, *lines: str, port: int = 22, revoked: bytes | None = None, **target: object
) -> list[str]:
    (tmp_path / "known_hosts").write_text("".join(f"{each}\n" for each in lines))
    revoked_keys = tmp_path / "revoked" if revoked is not None else None
    if revoked_keys:
        revoked_keys.write_bytes(revoked or b"")
    login = Login(
        Target("n1", "h", **target),
        "h",
        port,
        "root",
        known_hosts=(tmp_path / "known_hosts",),
        revoked_keys=revoked_keys,
    )
    notices: list[str] = []
    Judge(login, notices.append).check(key("a"))
    return notices


@pytest.mark.parametrize("port", [22, 2222])
@pytest.mark.parametrize("hosts", ["h", "*", "[h]:2222,h"])
@pytest.mark.parametrize("target", [{"host_key": fingerprint(key("a"))}, {"host_key_policy": "insecure"}, {}])
def test_a_revoked_key_is_refused_whatever_else_says_of_it(tmp_path, port, hosts, target):
    with pytest.raises(HostKeyRefused, match="revoked"):
        judged(tmp_path, line("h,[h]:2222"), f"@revoked {line(hosts)}", port=port, **target)


def test_a_revoked_key_of_another_host_is_not_this_ones(tmp_path):
    judged(tmp_path, f"@revoked {line('other')}", host_key=fingerprint(key("a")))
    judged(tmp_path, f"@revoked {line('h', 'b')}", host_key=fingerprint(key("a")))


@pytest.mark.parametrize(
    "revoked", [f"# x\n{line('ssh').partition(' ')[2]} old\n".encode(), b"SSHKRL\n\0", b"a b!"]
)
def test_keys_that_ssh_config_revokes_are_refused_and_so_are_all_if_they_cannot_be_read(tmp_path, revoked):
    with pytest.raises(HostKeyRefused, match="RevokedHostKeys"):
        judged(tmp_path, line("h"), revoked=revoked, host_key=fingerprint(key("a")))


def test_other_keys_than_the_revoked_are_accepted(tmp_path):
    judged(tmp_path, line("h"), revoked=f"{line('x', 'b').partition(' ')[2]}\n".encode())


def test_no_weak_algorithm_is_offered():
    names = [*handshake.MACS, *handshake.KEY_EXCHANGES, *handshake.HOST_KEYS, *handshake.CIPHERS]
    weak = re.compile(r"sha1|md5|-96|cbc|arcfour|group1-|ssh-rsa|ssh-dss")
    assert [name for name in names if weak.search(name)] == []


def test_what_the_client_sends_is_what_is_allowed(tmp_path):
    """The first packet of the client, as a server on the other end of a socket reads it."""
    ours, theirs = socket.socketpair()
    theirs.sendall(b"SSH-2.0-test\r\n")
    theirs.settimeout(5)
    login = Login(
        Target("n1", "h", connect_timeout=1), "h", 22, "root", known_hosts=(tmp_path / "known_hosts",)
    )

    def serve() -> None:
        while b"hmac-sha2-256" not in bytes(received):
            received.extend(theirs.recv(4096) or b"hmac-sha2-256")
        theirs.close()

    received = bytearray()
    server = threading.Thread(target=serve)
    server.start()
    with pytest.raises((K8sbootError, handshake.Dropped)):
        handshake.negotiate(WatchedStream(ours), login, lambda _line: None)
    server.join()
    assert b"hmac-sha2-256-etm@openssh.com" in received
    assert not re.search(rb"hmac-sha1|md5|cbc|group14-sha1|ssh-rsa\b", received)


@pytest.mark.parametrize(("keys", "count"), [(("SHA256:a",), 2), (("SHA256:a", "SHA256:b"), 0)])
def test_keys_of_jump_hosts_are_as_many_as_they(keys, count):
    jump = ",".join(["j1", "j2"][:count]) or "none"
    with pytest.raises(ConnectError, match="jump hosts"):
        ssh_config.resolve(Target("n1", "h", jump=jump, jump_host_keys=keys, config_file="none"))


def test_each_jump_host_has_its_own_key():
    given = Target("n1", "h", host_key="SHA256:h", jump="j1,j2", jump_host_keys=("SHA256:1", "SHA256:2"))
    last = route._bastion_target(given, "j2", ["j1"])
    first = route._bastion_target(last, "j1", [])
    assert [(each.host_key, each.jump_host_keys) for each in (last, first)] == [
        ("SHA256:2", ("SHA256:1",)),
        ("SHA256:1", ()),
    ]
    assert route._bastion_target(Target("n1", "h", host_key="x", jump="j1"), "j1", []).host_key is None
