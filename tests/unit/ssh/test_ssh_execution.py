"""A server that is alive but never says whether it runs a command: an end all the same, and nothing was run."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import paramiko
import pytest

from k8sboot.errors import ShellSilent
from k8sboot.ssh.execution import Session, exchange
from k8sboot.ssh.link import Wire
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


@pytest.fixture
def session() -> Iterator[Session]:
    here, there = socket.socketpair()
    server = paramiko.Transport(there)
    server.add_server_key(paramiko.ECDSAKey.generate())
    server.start_server(server=_Reticent(), event=threading.Event())
    wire = Wire(here)
    client = paramiko.Transport(wire)  # type: ignore[arg-type]
    client.start_client(timeout=10)
    client.auth_none("root")
    yield Session("node1", client, wire)
    client.close()
    server.close()


def test_server_that_never_answers_a_command_is_given_up_in_time(session: Session):
    with pytest.raises(ShellSilent, match="did not answer within 1 s whether it runs a command") as caught:
        exchange(session, "true", b"", Markers.fresh(), timeout=1)

    assert caught.value.error_code == "KB-SSH-SESSION"
    assert caught.value.exit_code == 3
    assert "nothing was run" in caught.value.why
    assert session.transport.is_active()
