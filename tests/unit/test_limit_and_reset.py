"""`reset`, and runs on some of the machines."""

from __future__ import annotations

import pytest
from fake_cluster import FakeCluster
from runs import raise_errors, run

from k8sboot.events import PhaseStarted
from k8sboot.runbook import RESET, UP

pytestmark = pytest.mark.usefixtures("clock")


def test_limit_leaves_other_machines_alone_and_still_serves_the_cluster(bare: FakeCluster):
    raise_errors(run(bare, UP, limit=["m1", "n1"]))
    assert sorted(bare.members) == ["m1", "n1"]
    assert bare.hosts["n2"].runs == []
    told = raise_errors(run(bare, UP, limit=["n2"]))
    assert sorted(bare.members) == ["m1", "n1", "n2"]
    assert set(told.changes["m1"]) == {"make a join token", "revoke the join token"}
    started = {e.phase for e in told.events if isinstance(e, PhaseStarted) and e.host == "m1"}
    assert "os-prep" not in started


def test_limit_to_nodes_before_there_is_a_cluster_says_what_is_missing(bare: FakeCluster):
    told = run(bare, UP, limit=["n1"])
    assert set(told.errors.values()) == {"KB-REFUSED"}
    assert bare.members == []
    assert bare.hosts["m1"].mutations == []


def test_reset_takes_kubernetes_off_and_a_second_one_alters_nothing(finished: FakeCluster):
    told = raise_errors(run(finished, RESET))
    assert {name: len(changes) for name, changes in told.changes.items()} == {"m1": 1, "n1": 1, "n2": 1}
    for host in finished.hosts.values():
        assert not [path for path in host.files if path.startswith("/etc/kubernetes/")]
        assert "docker-ce" in host.packages
    assert "/root/.kube/config" not in finished.hosts["m1"].files
    again = raise_errors(run(finished, RESET))
    assert again.changes == {}
    assert [host.runs for host in finished.hosts.values()] == [
        ["probe", "hold", "release"],
        ["probe"],
        ["probe"],
    ]


def test_reset_of_machines_that_never_were_a_cluster_alters_nothing(bare: FakeCluster):
    assert raise_errors(run(bare, RESET)).changes == {}


def test_reset_of_one_node_drains_it_and_up_brings_it_back(finished: FakeCluster):
    told = raise_errors(run(finished, RESET, limit=["n1"]))
    assert told.changes["m1"] == ["drain n1 and take it out of the cluster"]
    assert sorted(finished.members) == ["m1", "n2"]
    assert "n2" not in told.changes
    told = raise_errors(run(finished, UP))
    assert sorted(finished.members) == ["m1", "n1", "n2"]
    assert "n2" not in told.changes


def test_up_after_reset_makes_the_cluster_again(finished: FakeCluster):
    raise_errors(run(finished, RESET))
    told = raise_errors(run(finished, UP))
    assert sorted(finished.members) == ["m1", "n1", "n2"]
    assert "read the package lists" not in str(told.changes)
