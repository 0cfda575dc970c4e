"""Rows 1, 2 and 9 to 12: hosts that cannot be reached, or whose sshd is not what it should be."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from faulthosts import FaultyHost, until
from faultrows import row
from faultruns import Controller
from faultservers import a_byte_a_second, saying
from faultward import Ward
from relays import listening
from ssh_keys import keygen


@row(1, "port closed")
def test_closed_port_is_refused_at_once(controller: Controller, node: FaultyHost) -> None:
    node.stop_sshd()
    ran = controller.run("phase", "preflight", expect=3)
    ran.blames(node.name, "KB-SSH-UNREACHABLE", node.address, "connection refused", "start its sshd")
    ran.went_on("k8s-master01", "k8s-node02")
    assert ran.took(node.name) < 5
    node.start_sshd()
    controller.is_well()


@row(2, "black hole at connect")
def test_black_hole_ends_at_the_connect_timeout(controller: Controller, node: FaultyHost) -> None:
    node.black_hole()
    controller.ssh(node.name, connectTimeout=3)
    ran = controller.run("phase", "preflight", expect=3)
    ran.blames(node.name, "KB-SSH-UNREACHABLE", node.address, "no answer within 3 s", "firewall")
    ran.went_on("k8s-master01", "k8s-node02")
    assert 2.5 < ran.took(node.name) < 15
    node.let_in()
    controller.is_well()


@contextlib.contextmanager
def held(host: FaultyHost) -> Iterator[None]:
    """A connection that is never logged in to: with MaxStartups 1:100:1 there is no room for another."""
    with socket.create_connection((host.address, 22), timeout=5) as connection:
        assert connection.recv(4) == b"SSH-"
        yield


@row(9, "MaxStartups, room after a while")
def test_full_server_is_got_into_when_it_has_room(controller: Controller, node: FaultyHost) -> None:
    node.sshd("MaxStartups 1:100:1", "LogLevel VERBOSE")
    with held(node):
        run = controller.start("phase", "preflight")
        until(lambda: "MaxStartups" in node.sshd_log(), "a connection that was turned away")
    ran = run.end()
    ran.went_on("k8s-master01", "k8s-node01", "k8s-node02")


@pytest.mark.slow
@row(9, "MaxStartups, never any room")
def test_server_that_stays_full_is_named(controller: Controller, node: FaultyHost) -> None:
    node.sshd("MaxStartups 1:100:1")
    with held(node):
        ran = controller.run("phase", "preflight", expect=3)
    ran.blames(node.name, "KB-SSH-UNREACHABLE", "closed the connection without a banner", "MaxStartups")
    ran.went_on("k8s-master01", "k8s-node02")
    controller.is_well()


@row(10, "MaxSessions 1")
def test_one_session_is_enough(controller: Controller, node: FaultyHost, other: FaultyHost) -> None:
    node.sshd("MaxSessions 1")
    other.sshd("MaxSessions 1")
    ran = controller.run("phase", "preflight", "hosts")
    ran.went_on("k8s-master01", "k8s-node01", "k8s-node02", phase="hosts")
    assert node.sh("uname -n").strip() == node.name


def give_newer_openssh(ward: Ward, host: FaultyHost) -> None:
    """OpenSSH 10 in the place of 9.2, from the lab's mirror; the host is made anew when the test ends."""
    if not host.path("/usr/bin/dpkg").exists():
        pytest.skip("no OpenSSH with PerSourcePenalties (9.8) can be installed on this family")
    names = [f"openssh-{part}.deb" for part in ("client", "server", "sftp-server")]
    for name in names:
        host.path(f"/root/{name}").write_bytes(ward.from_mirror(f"/newer-openssh/{name}"))
    host.sh(f"cd /root && DEBIAN_FRONTEND=noninteractive dpkg --force-confnew -i {' '.join(names)}")


@row(11, "PerSourcePenalties")
def test_penalties_are_not_provoked(
    controller: Controller, ward: Ward, other: FaultyHost, tmp_path: Path
) -> None:
    """A failed login costs fifteen seconds, and is not let go unpunished: the next one is turned away."""
    give_newer_openssh(ward, other)
    other.sshd("PerSourcePenalties authfail:15s min:10s", "LogLevel VERBOSE")
    right = controller.host(other.name)["ssh"].copy()
    controller.ssh(other.name, identityFile=str(keygen(tmp_path / "wrong")))
    ran = controller.run("phase", "preflight", expect=3)
    ran.blames(other.name, "KB-SSH-AUTH", "wrong: refused")
    assert other.sshd_log().count("Failed publickey") == 1
    controller.host(other.name)["ssh"] = right
    ran = controller.run("phase", "preflight", expect=3)
    ran.blames(other.name, "KB-SSH-UNREACHABLE", "PerSourcePenalties", "PerSourcePenaltyExemptList")
    ran.went_on("k8s-master01", "k8s-node01")
    assert other.sshd_log().count("drop connection") == 1
    until(other.answers, "the end of the penalty")
    controller.is_well()


BANNERS = {
    "garbage": bytes(range(256)) * 4 + b"\n",
    "web server": b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n<html>no</html>\r\n",
    "a megabyte": b"welcome to this machine\r\n" * ((1 << 20) // 25),
    "a megabyte in a line": b"x" * (1 << 20),
}


@row(12, "no SSH server")
@pytest.mark.parametrize("banner", BANNERS)
def test_what_is_no_ssh_server_is_named(
    controller: Controller, ward: Ward, node: FaultyHost, banner: str
) -> None:
    with listening(ward.gateway, saying(BANNERS[banner])) as listener:
        controller.host(node.name)["address"] = ward.gateway
        controller.ssh(node.name, port=listener.port)
        ran = controller.run("phase", "preflight", expect=3)
    ran.blames(
        node.name,
        "KB-SSH-UNREACHABLE",
        f"{ward.gateway}:{listener.port}",
        "is not an SSH server",
        "correct `address`",
    )
    ran.went_on("k8s-master01", "k8s-node02")
    assert listener.accepted <= 6
    assert ran.memory < 200 * 1024
    assert not set("\x00\x07\x1b") & set(ran.stderr)


@pytest.mark.slow
@row(12, "a banner that comes byte by byte")
def test_a_byte_a_second_is_bounded(controller: Controller, ward: Ward, node: FaultyHost) -> None:
    with listening(ward.gateway, a_byte_a_second) as listener:
        controller.host(node.name)["address"] = ward.gateway
        controller.ssh(node.name, port=listener.port, connectTimeout=3)
        ran = controller.run("phase", "preflight", expect=3)
    ran.blames(node.name, "KB-SSH-UNREACHABLE", f"{ward.gateway}:{listener.port}", "is not an SSH server")
    ran.went_on("k8s-master01", "k8s-node02")
    assert ran.took(node.name) < 40
