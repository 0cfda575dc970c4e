"""The command line on fake hosts."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import CANARIES, INVENTORY, CommandLine, keep_plan
from fake_cluster import FakeCluster

from k8sboot.cli import wiring


@pytest.fixture
def inventory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An inventory.yaml of three hosts, in the folder where the command line is called."""
    path = tmp_path / "inventory.yaml"
    path.write_text(INVENTORY)
    monkeypatch.chdir(tmp_path)
    for index, value in enumerate(CANARIES, 1):
        monkeypatch.setenv(f"CANARY_{index}", value)
    monkeypatch.delenv("K8SBOOT_INVENTORY", raising=False)
    return path


@pytest.fixture
def k8sboot(
    bare: FakeCluster,
    inventory: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    clock: object,
) -> Iterator[CommandLine]:
    """The command line on three bare hosts."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    line = CommandLine(bare, tmp_path / "state", capsys)
    monkeypatch.setattr(wiring, "open_connection", line.connect)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield line
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def on_cluster(k8sboot: CommandLine, finished: FakeCluster) -> CommandLine:
    """The command line on a finished cluster."""
    k8sboot.cluster = finished
    return k8sboot


@pytest.fixture(scope="session")
def plans() -> dict[str, bytes]:
    """Plans that were made before, by what they are for: each takes a whole dry run."""
    return {}


@pytest.fixture
def kept(k8sboot: CommandLine, inventory: Path, plans: dict[str, bytes]) -> Path:
    """A plan for bare hosts in a file."""
    return _plan(k8sboot, inventory, plans, "bare hosts")


@pytest.fixture
def kept_of_cluster(on_cluster: CommandLine, inventory: Path, plans: dict[str, bytes]) -> Path:
    """A plan for a finished cluster in a file."""
    return _plan(on_cluster, inventory, plans, "a finished cluster")


def _plan(k8sboot: CommandLine, inventory: Path, plans: dict[str, bytes], of: str) -> Path:
    if of not in plans:
        plans[of] = keep_plan(k8sboot, inventory).read_bytes()
    path = inventory.parent / "plan.json"
    path.write_bytes(plans[of])
    return path
