"""What a phase costs where there is nothing to do: each exec takes three round trips, a second on a link of 300 ms."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from fake_cluster import FakeCluster
from fake_host import FakeConnection
from families import machines
from runs import raise_errors, run

from k8sboot.inventory.runtime_settings import RuntimeSettings
from k8sboot.phase import Phase
from k8sboot.runbook import UP
from k8sboot.ssh.connection import Completed, Script, text_of
from k8sboot.ssh.script import Markers, wrap

pytestmark = pytest.mark.usefixtures("clock")

PROBE, CLUSTERS = 1, 1
"""Execs: every host is probed once; the first master is asked for all that the phases declare of the cluster, too."""
MORE = {
    "kubeconfig": 1,
    "verify": 1,
}
"""What phases ask the first master besides: kubectl logs, or for a file whose path its probe tells."""
TOOLS_NOT_THERE = {("el7", "os-packages"): 2}
"""CentOS 7 has no repository with one of the optional tools: which packages there are is looked up again."""
FIRST_WINDOW = 10 * 1460
"""Bytes that TCP sends before the first acknowledgement."""
PACKETS = 200
"""Bytes that SSH adds, with the password for sudo before the script."""


@pytest.fixture(scope="module", params=["debian", "el7", "containerd"])
def system(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def made(system: str) -> FakeCluster:
    it = machines("debian" if system == "containerd" else system)
    if system == "containerd":
        it = FakeCluster(
            replace(it.spec, runtime=RuntimeSettings(name="containerd", packages=("containerd",)))
        )
    raise_errors(run(it, UP))
    return it


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bytes]]:
    """Host and input of each exec."""
    found: list[tuple[str, bytes]] = []
    ran = FakeConnection.run

    def run_(host: FakeConnection, script: Script, *, timeout: float) -> Completed:
        found.append((host.name, wrap(text_of(script), Markers.fresh())))
        return ran(host, script, timeout=timeout)

    monkeypatch.setattr(FakeConnection, "run", run_)
    return found


@pytest.mark.parametrize("phase", UP, ids=lambda phase: phase.name)
def test_round_trips_of_a_phase_on_a_finished_cluster(
    made: FakeCluster, system: str, phase: Phase, sent: list[tuple[str, bytes]]
) -> None:
    raise_errors(run(made, [phase], is_dry=True))
    node = PROBE + TOOLS_NOT_THERE.get((system, phase.name), 0)
    master = node + CLUSTERS + MORE.get(phase.name, 0)
    assert Counter(host for host, _ in sent) == {"m1": master, "n1": node, "n2": node}
    assert max(len(data) for _, data in sent) <= FIRST_WINDOW - PACKETS


def test_round_trips_of_a_whole_plan(made: FakeCluster, system: str, sent: list[tuple[str, bytes]]) -> None:
    raise_errors(run(made, UP, is_dry=True))
    node = PROBE + TOOLS_NOT_THERE.get((system, "os-packages"), 0)
    master = node + CLUSTERS + sum(MORE.values())
    assert Counter(host for host, _ in sent) == {"m1": master, "n1": node, "n2": node}
