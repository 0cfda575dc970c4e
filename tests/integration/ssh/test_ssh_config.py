"""Ways to a host that ssh_config says: names, keys, ProxyJump, ProxyCommand."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
from sshd import works

from k8sboot.errors import AuthenticationFailed, ConnectError, Unreachable
from k8sboot.ssh import connect
from k8sboot.ssh.target import Target


@pytest.fixture
def ssh_config(tmp_path, sshd, free_user, login_key):
    """Writes an ssh_config whose host `box` is the shared server; returns its path."""

    def write(*lines: str, address: str = "127.0.0.1") -> str:
        box = [
            "Host box",
            f"  HostName {address}",
            f"  Port {sshd.port}",
            f"  User {free_user}",
            f"  IdentityFile {login_key}",
            f"  UserKnownHostsFile {tmp_path}/known_hosts",
        ]
        path = tmp_path / "config"
        path.write_text("\n".join([*box, *(f"  {line}" for line in lines)]) + "\n")
        return str(path)

    return write


@pytest.fixture
def box(ssh_config):
    """Connects to `box` of an ssh_config with some lines more."""
    opened = []

    def make(*lines: str, config: str = "", notices: list[str] | None = None, **changes):
        said = notices if notices is not None else []
        target = Target(
            **{"name": "n1", "address": "box", "config_file": config or ssh_config(*lines), **changes}
        )
        opened.append(connect(target, log=said.append))
        return opened[-1]

    yield make
    for connection in opened:
        connection.close()


def test_ssh_config_alone_is_enough(box):
    assert works(box())


def test_tokens_of_identity_files_are_expanded(box, login_key, free_user, tmp_path):
    named = tmp_path / f"key-127.0.0.1-{free_user}"
    named.write_bytes(login_key.read_bytes())
    named.chmod(0o600)

    assert works(box(f"IdentityFile {tmp_path}/key-%h-%r", "IdentitiesOnly yes"))


def test_inventory_wins_over_ssh_config(box, sshd):
    with pytest.raises(AuthenticationFailed, match="somebody"):
        box(user="somebody")
    with pytest.raises(Unreachable):
        box(port=1)


def test_host_key_alias_is_what_the_key_is_filed_under(box, sshd, tmp_path):
    box("HostKeyAlias alias.example")

    assert (tmp_path / "known_hosts").read_text() == f"alias.example {sshd.host_key()}\n"
    assert works(box("HostKeyAlias alias.example", host_key_policy="strict"))


def test_broken_ssh_config_is_named(box, tmp_path):
    with pytest.raises(ConnectError, match="cannot read ssh_config") as caught:
        box("NoSuchKeyword yes")

    assert "NoSuchKeyword" in caught.value.why.lower() or "nosuchkeyword" in caught.value.why


@pytest.mark.parametrize("address", ["-oProxyCommand=touch /tmp/owned", "a b", "a\nb", ""])
def test_address_that_is_an_option_never_reaches_ssh(address, target):
    with pytest.raises(ConnectError, match="not a valid address"):
        connect(target(address=address, config_file=None))


def test_proxy_jump_of_ssh_config(another_sshd, box, ssh_config, free_user, login_key, tmp_path):
    bastion = another_sshd()
    config = ssh_config("ProxyJump gate")
    with Path(config).open("a") as stream:
        stream.write(f"Host gate\n  HostName 127.0.0.1\n  Port {bastion.port}\n  User {free_user}\n")
        stream.write(f"  IdentityFile {login_key}\n  UserKnownHostsFile {tmp_path}/known_hosts\n")

    assert works(box(config=config))
    assert bastion.log.count("Accepted publickey") == 1


RELAY = (
    "import os, socket, sys, threading\n"
    "s = socket.create_connection((sys.argv[1], int(sys.argv[2])))\n"
    "def up():\n"
    "    while data := os.read(0, 65536): s.sendall(data)\n"
    "    s.shutdown(1)\n"
    "threading.Thread(target=up, daemon=True).start()\n"
    "while data := s.recv(65536): os.write(1, data)\n"
)


def children() -> set[int]:
    return {int(pid) for pid in Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()}


def test_proxy_command(box, tmp_path):
    (tmp_path / "relay.py").write_text(RELAY)
    before = children()
    connection = box(f"ProxyCommand python3 {tmp_path}/relay.py %h %p")

    assert works(connection)
    connection.close()
    assert children() <= before


def test_proxy_command_that_fails_shows_its_words_and_is_reaped(box):
    before = children()
    with pytest.raises(Unreachable) as caught:
        box("ProxyCommand sh -c 'echo no route to the moon >&2; exit 7'")

    assert "exited with status 7" in caught.value.why
    assert "no route to the moon" in caught.value.why
    assert children() <= before


def test_proxy_command_that_hangs_is_ended(box, monkeypatch):
    monkeypatch.setattr("k8sboot.ssh.handshake.BANNER_TIMEOUT", 1.0)
    before = children()
    with pytest.raises(Unreachable, match="is still running"):
        box("ProxyCommand sleep 600", connect_timeout=1)

    assert children() <= before


def test_proxy_command_costs_no_cpu_after_it_died(box, tmp_path):
    (tmp_path / "relay.py").write_text(RELAY)
    others = children()
    connection = box(f"ProxyCommand python3 {tmp_path}/relay.py %h %p")
    for pid in children() - others:
        subprocess.run(["kill", "-KILL", str(pid)], check=False)
    before = time.process_time()
    time.sleep(1)

    assert time.process_time() - before < 0.5
    assert works(connection)
