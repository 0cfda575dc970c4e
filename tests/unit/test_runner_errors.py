"""What an error of a host keeps others from, and what is told of it, on phases made for the test."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from runs import run

from k8sboot.cluster import Cluster
from k8sboot.errors import Refused, StepFailed
from k8sboot.host.host import Host
from k8sboot.phase import everyone, masters, nodes

pytestmark = [pytest.mark.usefixtures("clock"), pytest.mark.timeout(60)]


def refuse(*names: str) -> Callable[[Cluster, Host], None]:
    def do(_cluster: Cluster, host: Host) -> None:
        if host.name in names:
            raise Refused("not me")

    return do


def test_a_node_that_fails_is_left_and_the_others_go_on(bare, log):
    told = run(bare, [log.phase("a", everyone, do=refuse("n1")), log.phase("b", everyone, after=("a",))])
    assert told.errors == {"n1": "KB-REFUSED"}
    assert told.report.errors["n1"].host == "n1"
    assert sorted(told.ended) == ["m1 a", "m1 b", "n2 a", "n2 b"]


def test_a_master_that_fails_stops_what_has_not_begun(bare, log):
    told = run(bare, [log.phase("a", masters, do=refuse("m1")), log.phase("b", nodes, after=("a",))])
    assert told.errors == {"m1": "KB-REFUSED"}
    assert log.lines == ["m1 a"]
    assert sorted(told.skipped) == ["n1 b: m1 failed in a", "n2 b: m1 failed in a"]


def test_a_master_that_fails_with_one_fork_is_the_only_error(bare, log):
    told = run(bare, [log.phase("a", everyone, do=refuse("m1"))], forks=1)
    assert set(told.errors.values()) == {"KB-REFUSED"}
    assert "m1" in told.errors


def test_who_waits_for_a_fork_when_a_master_fails_is_not_begun(bare, log):
    def fail_late(_cluster: Cluster, host: Host) -> None:
        if host.name == "m1":
            time.sleep(0.2)  # long enough for the others to stand in line
            raise Refused("not me")

    told = run(bare, [log.phase("a", everyone, do=fail_late)], forks=1)
    assert told.errors == {"m1": "KB-REFUSED"}
    assert log.lines[-1] == "m1 a"


def test_a_phase_that_succeeded_nowhere_stands_in_the_way(bare, log):
    told = run(bare, [log.phase("a", nodes, do=refuse("n1", "n2")), log.phase("b", masters, after=("a",))])
    assert told.skipped == ["m1 b: a succeeded nowhere"]


def test_a_mistake_of_ours_is_an_error_with_its_place_and_hangs_nobody(bare, log):
    def stumble(_cluster: Cluster, host: Host) -> None:
        if host.name == "n1":
            raise KeyError("surprise")

    told = run(bare, [log.phase("a", everyone, do=stumble), log.phase("b", everyone, after=("a",))])
    assert told.errors == {"n1": "KB-BUG"}
    assert "KeyError" in told.report.errors["n1"].what
    assert "test_runner_errors.py" in told.report.errors["n1"].why
    assert "n2 b" in told.ended


def test_what_is_not_known_yet_in_a_dry_run_is_told_and_the_host_goes_on(bare, log):
    def begin(_cluster: Cluster, host: Host) -> None:
        host.change("do it", ["touch", "/x"])

    def depends(_cluster: Cluster, host: Host) -> None:
        host.known(None, what="it", after="init")

    phases = [
        log.phase("init", masters, do=begin),
        log.phase("a", masters, do=depends),
        log.phase("b", masters),
    ]
    told = run(bare, phases, is_dry=True)
    assert told.unknown == ["m1 a"]
    assert told.ended == ["m1 init", "m1 a", "m1 b"]
    assert told.errors == {}
    assert bare.hosts["m1"].mutations == []


def test_what_is_missing_in_a_real_run_is_an_error_of_who_needs_it(bare, log):
    def depends(cluster: Cluster, _host: Host) -> None:
        cluster.first_master.known(None, what="a cluster", after="kubeadm-init")

    error = run(bare, [log.phase("a", nodes, do=depends)]).report.errors["n1"]
    assert "m1 does not have a cluster yet" in error.what
    assert "kubeadm-init" in error.why
    assert "kubeadm-init" in error.fix
    assert error.host == "n1"


def test_changes_are_counted_also_of_a_phase_that_failed(bare, log):
    def half(_cluster: Cluster, host: Host) -> None:
        host.change("do it", ["touch", "/x"])
        raise StepFailed("then this")

    told = run(bare, [log.phase("a", masters, do=half)])
    assert told.report.changes == {"m1": 1, "n1": 0, "n2": 0}
