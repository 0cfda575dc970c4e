"""What answers is not an SSH server, or not yet, or never: bounded, named, no traceback."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from k8sboot.errors import ConnectError, Unreachable

pytestmark = pytest.mark.timeout(60)  # the deadlines that are tried here are of a second or two


@pytest.fixture
def listener() -> Iterator[Callable[[Callable[[socket.socket], object]], int]]:
    """Serves every connection with a function, returns the port."""
    sockets: list[socket.socket] = []

    def serve(answer: Callable[[socket.socket], object]) -> int:
        server = socket.create_server(("127.0.0.1", 0))
        sockets.append(server)

        def run() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=quietly, args=(client,), daemon=True).start()

        def quietly(client: socket.socket) -> None:
            with client:
                try:
                    answer(client)
                except OSError:
                    return

        threading.Thread(target=run, daemon=True).start()
        return int(server.getsockname()[1])

    yield serve
    for server in sockets:
        server.shutdown(socket.SHUT_RDWR)
        server.close()


def test_closed_port_is_refused_at_once(connected, monkeypatch):
    dialled: list[object] = []
    real = socket.create_connection
    monkeypatch.setattr(socket, "create_connection", lambda *a, **k: (dialled.append(a[0]), real(*a, **k))[1])
    with pytest.raises(Unreachable, match="nothing listens"):
        connected(port=1)

    assert dialled == [("127.0.0.1", 1)], "and not tried again"


def test_name_that_does_not_resolve(connected):
    with pytest.raises(Unreachable, match="does not resolve"):
        connected(address="no-such-host.invalid")


def test_black_hole_ends_at_the_timeout(connected):
    full = socket.socket()
    full.bind(("127.0.0.1", 0))
    full.listen(0)
    fillers = [socket.socket() for _ in range(4)]
    for filler in fillers:
        filler.setblocking(False)
        filler.connect_ex(full.getsockname())
    with pytest.raises(Unreachable, match="no answer within 1 s"):
        connected(port=full.getsockname()[1], connect_timeout=1)
    for sock in (full, *fillers):
        sock.close()


def test_web_server_is_no_ssh_server(connected, listener):
    port = listener(lambda client: client.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n"))
    with pytest.raises(Unreachable, match="not an SSH server") as caught:
        connected(port=port)

    assert "HTTP/1.0 400" in caught.value.why


@pytest.mark.parametrize(
    "answer",
    [
        lambda client: [client.sendall(b"x" * 65536) for _ in range(16)],
        lambda client: [client.sendall(b"x\r\n" * 1000) for _ in range(100)],
        lambda client: client.sendall(bytes(range(256)) * 64),
    ],
    ids=["one line of a megabyte", "a hundred thousand lines", "binary"],
)
def test_garbage_is_bounded_and_named(connected, listener, answer):
    with pytest.raises(ConnectError):
        connected(port=listener(answer), connect_timeout=2)


def test_silence_is_bounded_and_named(connected, listener, monkeypatch):
    monkeypatch.setattr("k8sboot.ssh.handshake.BANNER_TIMEOUT", 1.0)
    with pytest.raises(Unreachable, match="no banner came"):
        connected(port=listener(lambda client: client.recv(10**6) and time.sleep(5)), connect_timeout=1)


def test_byte_per_second_is_bounded(connected, listener, monkeypatch):
    monkeypatch.setattr("k8sboot.ssh.handshake.BANNER_TIMEOUT", 1.0)

    def drip(client: socket.socket) -> None:
        for byte in itertools.cycle(b"SSH-2.0-slow"):
            client.sendall(bytes([byte]))
            time.sleep(0.5)

    with pytest.raises(ConnectError):
        connected(port=listener(drip), connect_timeout=1)


def test_server_that_hangs_up_is_tried_again_a_few_times(connected, listener, monkeypatch):
    monkeypatch.setattr("k8sboot.ssh.route.DROPPED_RETRIES", 2)
    calls: list[int] = []
    with pytest.raises(Unreachable, match="closed the connection without a banner, 3 times") as caught:
        connected(port=listener(lambda _: calls.append(1)))

    assert len(calls) == 3
    assert "MaxStartups" in caught.value.fix


def test_full_server_is_got_into_as_soon_as_it_has_room(another_sshd, connected):
    server = another_sshd(MaxStartups="1:100:1", LoginGraceTime="30")
    holder = socket.create_connection(("127.0.0.1", server.port))
    threading.Timer(1.0, holder.close).start()

    assert connected(server=server).run("echo in", timeout=10).text == "in\n"
    assert "MaxStartups" in server.log


def test_source_under_penalty_is_told_to_wait(connected, listener):
    port = listener(lambda client: client.sendall(b"Not allowed at this time\r\n"))
    with pytest.raises(Unreachable, match="temporarily rejects this machine") as caught:
        connected(port=port)

    assert "PerSourcePenalties" in caught.value.why


def test_nothing_of_paramiko_is_seen(target, listener):
    import subprocess
    import sys
    from pathlib import Path

    port = listener(lambda client: client.sendall(b"SSH-2.0-x\r\n" + bytes(5000)) or time.sleep(1))
    program = (
        "from k8sboot.ssh import connect; from k8sboot.ssh.target import Target\n"
        "from k8sboot.errors import ConnectError\n"
        f"try: connect({target(port=port)!r})\nexcept ConnectError as error: print('named')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=50,
        cwd=Path(__file__).parents[3],
    )

    assert (done.stdout, done.stderr) == ("named\n", "")
