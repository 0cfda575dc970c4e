"""What somebody else's inventory, host or folder could make of the operator's own SSH."""

from __future__ import annotations

import base64
import subprocess

import pytest

from k8sboot.errors import ConnectError
from k8sboot.kubernetes.commands import join_line
from k8sboot.ssh import ssh_config
from k8sboot.ssh.config_commands import commands_in, in_use
from k8sboot.ssh.host_keys import Judge
from k8sboot.ssh.known_hosts_file import why_not
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


def test_a_device_or_a_folder_is_no_known_hosts(tmp_path):
    assert why_not(tmp_path)
    assert "regular" in why_not(tmp_path / ".." / tmp_path.name)
    assert why_not(tmp_path.__class__("/dev/zero"))
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
