"""Servers that are slow to answer, or never do: an end all the same, and nothing was run."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import paramiko
import pytest

from k8sboot.errors import ConnectionLost, ShellSilent
from k8sboot.ssh import watch
from k8sboot.ssh.execution import Execution, exchange
from k8sboot.ssh.link import WatchedStream
from k8sboot.ssh.script import Markers


class _Mute:
    """Takes the place of the server's way to send, for one channel."""

    def _send_user_message(self, message: paramiko.Message) -> None: ...

    def _unlink_channel(self, number: int) -> None: ...


class _Reticent(paramiko.ServerInterface):
    """Lets everybody in, opens channels, answers pings, and keeps its answer to `exec` to itself."""

    def check_auth_none(self, username: str) -> int:
        return paramiko.AUTH_SUCCESSFUL

    def get_allowed_auths(self, username: str) -> str:
        return "none"

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        channel.transport = _Mute()  # type: ignore[assignment]
        return True


class _HeldUp(_Reticent):
    """After the login it answers nothing at all for a while, not even pings, as sshd does while PAM is at work."""

    def check_channel_request(self, kind: str, chanid: int) -> int:
        time.sleep(1.0)
        return super().check_channel_request(kind, chanid)

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        begin, end = command.split()
        channel.sendall(begin + b"said\n" + end + b" 0\n")
        channel.sendall_stderr(begin + end + b"\n")
        return True


@pytest.fixture(params=[_Reticent])
def session(request: pytest.FixtureRequest) -> Iterator[Execution]:
    here, there = socket.socketpair()
    server = paramiko.Transport(there)
    server.add_server_key(paramiko.ECDSAKey.generate())
    server.start_server(server=request.param(), event=threading.Event())
    stream = WatchedStream(here)
    client = paramiko.Transport(stream)  # type: ignore[arg-type]
    client.start_client(timeout=10)
    client.auth_none("root")
    yield Execution("node1", client, stream)
    client.close()
    server.close()


def test_server_that_never_answers_a_command_is_given_up_in_time(session: Execution):
    with pytest.raises(ShellSilent, match="did not accept a command within 1 s") as caught:
        exchange(session, "true", b"", Markers.fresh(), timeout=1)

    assert caught.value.error_code == "KB-SSH-SESSION"
    assert caught.value.exit_code == 3
    assert "nothing was run" in caught.value.why
    assert session.transport.is_active()


def test_link_that_is_closed_while_a_command_is_given_up_is_no_mistake(session: Execution, monkeypatch):
    def closed_meanwhile(_channel: paramiko.Channel) -> None:
        session.transport.close()
        raise EOFError

    monkeypatch.setattr(paramiko.Channel, "close", closed_meanwhile)
    with pytest.raises((ConnectionLost, EOFError)):  # and no thread dies of it: pytest would tell
        exchange(session, "true", b"", Markers.fresh(), timeout=0.5)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in {"TICK": 0.05, "PING_AFTER": 0.1, "DEAD_AFTER": 0.4}.items():
        monkeypatch.setattr(watch, name, seconds)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("session", [_HeldUp], indirect=True)
def test_login_that_is_held_up_is_waited_for(session: Execution):
    session.stream.is_fresh = True
    markers = Markers.fresh()
    done = exchange(session, f"{markers.begin.decode()} {markers.end.decode()}", b"", markers, timeout=0.9)

    assert (done.exit_status, done.text) == (0, "said\n")
    assert not session.stream.is_fresh, "from now on silence means what it did"


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("session", [_HeldUp], indirect=True)
@pytest.mark.parametrize(("is_fresh", "why"), [(True, "no session was opened"), (False, "no response for")])
def test_server_that_stays_silent_is_given_up(session: Execution, monkeypatch, is_fresh, why):
    monkeypatch.setattr(watch, "LOGIN_AFTER", 0.5)
    session.stream.is_fresh = is_fresh
    with pytest.raises(ConnectionLost, match=why):
        exchange(session, "true", b"", Markers.fresh(), timeout=30)
