"""The controller is killed at a record of its journal: the next `up` makes what an undisturbed one makes."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest
from fake_cluster import FakeCluster
from inventories import spec
from killing import run_killed
from runs import raise_errors, run

from k8sboot.runbook import UP

pytestmark = pytest.mark.usefixtures("clock")

MANY = 300
"""More records than an `up` of two bare machines writes."""
SAMPLE = sorted(random.Random(20210113).sample(range(1, 240), 8))


def pair() -> FakeCluster:
    """Two bare machines."""
    return FakeCluster(spec(nodes=1))


@pytest.fixture(scope="module")
def undisturbed() -> FakeCluster:
    cluster = pair()
    raise_errors(run(cluster, UP))
    return cluster


def state(cluster: FakeCluster) -> dict[str, Any]:
    """All that a run leaves on the hosts and in the cluster."""
    kept = ("files", "packages", "held", "broken", "units", "sysctls", "modules", "directories", "originals")
    hosts = {name: {key: getattr(host, key) for key in kept} for name, host in cluster.hosts.items()}
    facts = {name: (host.facts["hostname"], host.facts["timezone"]) for name, host in cluster.hosts.items()}
    shared = (sorted(cluster.members), cluster.applied, cluster.proxy_mode, cluster.tokens)
    return copy.deepcopy({"hosts": hosts, "facts": facts, "shared": shared})


def converges(undisturbed: FakeCluster, *, after: int) -> bool:
    """Kill a run there, and run again twice; whether there was something to kill."""
    cluster = pair()
    was_killed = run_killed(cluster, UP, after=after)
    raise_errors(run(cluster, UP))
    found, wanted = state(cluster), state(undisturbed)
    forgive_more_restarts(found, wanted)
    assert found == wanted, f"killed after {after} records"
    assert raise_errors(run(cluster, UP)).changes == {}, f"killed after {after} records"
    return was_killed


def forgive_more_restarts(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    """One restart too many is as good; one too few has left a unit with its old configuration."""
    for name, host in found["hosts"].items():
        for unit, seen in host["units"].items():
            seen.restarts = min(seen.restarts, wanted["hosts"][name]["units"][unit].restarts)


@pytest.mark.parametrize("after", SAMPLE)
def test_up_killed_at_a_record_is_finished_by_the_next(undisturbed: FakeCluster, after: int) -> None:
    assert converges(undisturbed, after=after)


@pytest.mark.slow
def test_up_killed_at_any_record_is_finished_by_the_next(undisturbed: FakeCluster) -> None:
    killed = [after for after in range(1, MANY) if converges(undisturbed, after=after)]
    assert killed == list(range(1, len(killed) + 1))
    assert len(killed) > max(SAMPLE)
