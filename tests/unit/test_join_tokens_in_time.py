"""A token that a machine joins with has to live longer than the join takes."""

from __future__ import annotations

import datetime

import pytest
from fake_cluster import FakeCluster
from runs import raise_errors, run

from k8sboot.phases.join import DESCRIPTION
from k8sboot.runbook import UP

pytestmark = pytest.mark.usefixtures("clock")

JOIN_TOKEN = [phase for phase in UP if phase.name == "join-token"]


def a_node_waits(cluster: FakeCluster, *, minutes_left: int, description: str = DESCRIPTION) -> None:
    """n2 has not joined, and an earlier run left a token with that much of its life."""
    del cluster.hosts["n2"].files["/etc/kubernetes/kubelet.conf"]
    ends = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes_left)
    cluster.tokens["old000"] = {
        "token-id": "old000",
        "token-secret": "0123456789abcdef",
        "description": description,
        "expiration": ends.isoformat(timespec="seconds"),
        "usage-bootstrap-authentication": "true",
        "usage-bootstrap-signing": "true",
    }


@pytest.mark.parametrize("minutes_left", [-1, 1, 14])
def test_a_token_that_ends_while_a_machine_joins_is_not_used(finished: FakeCluster, minutes_left: int):
    a_node_waits(finished, minutes_left=minutes_left)
    assert raise_errors(run(finished, JOIN_TOKEN)).changes == {"m1": ["make a join token"]}


@pytest.mark.parametrize("minutes_left", [16, 59])
def test_a_token_of_an_earlier_run_that_lives_long_enough_is_used_again(
    finished: FakeCluster, minutes_left: int
):
    a_node_waits(finished, minutes_left=minutes_left)
    assert raise_errors(run(finished, JOIN_TOKEN)).changes == {}


def test_a_token_of_somebody_else_is_left_to_them(finished: FakeCluster):
    a_node_waits(finished, minutes_left=59, description="made by hand")
    assert "make a join token" in raise_errors(run(finished, UP)).changes["m1"]
    assert list(finished.tokens) == ["old000"], "ours is revoked, theirs stays"
