"""No network, no waiting, and no unknown commands in unit tests."""

from __future__ import annotations

import gc
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fake_boot import OLD, Boot
from fake_cluster import FakeCluster, copied
from families import SYSTEMS
from inventories import spec
from made_phases import Log
from runs import raise_errors, run
from workbench import Bench

from k8sboot.ensure import seen_keys
from k8sboot.ensure.boot import CONTAINER
from k8sboot.host import host as host_module
from k8sboot.host import retry as host_retry_module
from k8sboot.host.cgroups import CGROUPS
from k8sboot.host.reads import Reads, union
from k8sboot.osfamily.grub import Grub
from k8sboot.runbook import UP
from k8sboot.ssh import retry as retry_module


def pytest_collection_finish() -> None:
    """What is imported and collected stays: looking for garbage in it again and again takes a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    connect = socket.socket.connect

    def refuse(found: socket.socket, address: Any) -> None:
        if found.family != socket.AF_UNIX:
            raise AssertionError(f"a unit test connects to {address!r}")
        connect(found, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        yield


@pytest.fixture(autouse=True, scope="session")
def _no_memory_of_keys() -> Iterator[None]:
    """Keys of tests are not remembered in the home of whoever runs them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seen_keys, "path", lambda: Path("/dev/null/known_keys"))
        yield


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Time that passes only in sleep(); .slept counts the naps, .on_nap is called at each."""
    found = SimpleNamespace(now=0.0, slept=0, on_nap=lambda: None)

    def sleep(seconds: float) -> None:
        found.now += seconds
        found.slept += 1
        found.on_nap()

    fake_time = SimpleNamespace(monotonic=lambda: found.now, sleep=sleep)
    monkeypatch.setattr(host_module, "time", fake_time)
    monkeypatch.setattr(host_retry_module, "time", fake_time)
    monkeypatch.setattr(retry_module, "time", fake_time)
    return found


@pytest.fixture
def short_naps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits for a host look again at once; their limits are those of real time."""
    brief = SimpleNamespace(monotonic=time.monotonic, sleep=lambda _seconds: time.sleep(0.01))
    monkeypatch.setattr(host_module, "time", brief)


@pytest.fixture
def bench(clock: SimpleNamespace) -> Iterator[Callable[..., Bench]]:
    """Makes fake hosts; a command that one of them did not know fails the test."""
    made: list[Bench] = []

    def make(**state: Any) -> Bench:
        made.append(Bench(**state))
        return made[-1]

    yield make
    unknown = [line for each in made for line in each.connection.unknown]
    assert not unknown, f"unknown to the fake host: {unknown}"


@pytest.fixture
def bare() -> FakeCluster:
    """Three bare machines."""
    return FakeCluster(spec())


@pytest.fixture(scope="session")
def made() -> FakeCluster:
    """A finished cluster, to be copied."""
    cluster = FakeCluster(spec())
    raise_errors(run(cluster, UP))
    return cluster


@pytest.fixture
def finished(made: FakeCluster) -> FakeCluster:
    """A finished cluster of three machines."""
    return copied(made)


@pytest.fixture(params=SYSTEMS, scope="module")
def family(request: pytest.FixtureRequest) -> str:
    """Debian, CentOS 7, or both."""
    return request.param


@pytest.fixture
def log() -> Log:
    """Makes phases, and holds who did them."""
    return Log()


@pytest.fixture
def machine(bench: Callable[..., Bench]) -> Callable[..., tuple[Bench, Boot]]:
    """A machine whose kernel is OLD, and its boot loader."""

    def make(boot: Boot | None = None, **answers: Any) -> tuple[Bench, Boot]:
        boot = boot or Boot()
        made = bench(files=boot.files(), facts={"kernel": OLD}, answers={**boot.answers(), **answers})
        made.reads = union((Grub.reads, Reads(questions=(CONTAINER, CGROUPS))))
        return made, boot

    return make
