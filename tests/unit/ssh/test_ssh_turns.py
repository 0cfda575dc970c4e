"""Who wants a connection gets it in turn, also while another thread follows a job on it without a pause."""

from __future__ import annotations

import threading
import time

import pytest

from k8sboot.ssh import host_connection
from k8sboot.ssh.connection import Completed
from k8sboot.ssh.host_connection import HostConnection
from k8sboot.ssh.ssh_config import resolve
from k8sboot.ssh.target import Target


def test_a_thread_that_asks_all_the_time_lets_others_in(monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []

    def execute(_session: object, _shell: object, script: str, **_more: object) -> Completed:
        time.sleep(0.02)
        asked.append(script)
        return Completed(0, b"", b"")

    monkeypatch.setattr(host_connection, "execute", execute)
    monkeypatch.setattr(HostConnection, "open", lambda _self: (None, None))
    connection = HostConnection(resolve(Target(name="n1", address="192.0.2.1", config_file="none")), print)
    is_over = threading.Event()

    def follow() -> None:
        while not is_over.is_set():
            connection.run("look", timeout=1)

    follower = threading.Thread(target=follow, daemon=True)
    follower.start()
    try:
        for _ in range(20):
            before = len(asked)
            connection.run("let go", timeout=1)
            assert asked[before:].index("let go") <= 2
    finally:
        is_over.set()
        follower.join(10)
