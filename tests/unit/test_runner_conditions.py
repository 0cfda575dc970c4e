"""When a phase applies, and what it needs of others in a dry run, on phases made for the test."""

from __future__ import annotations

import pytest
from runs import run

from k8sboot.cluster import Cluster
from k8sboot.host.host import Host
from k8sboot.host.reads import Reads
from k8sboot.phase import When, everyone, first_master, nodes

pytestmark = [pytest.mark.usefixtures("clock"), pytest.mark.timeout(60)]

NEVER = When(lambda _spec: False, otherwise="os.update is false")


def change(_cluster: Cluster, host: Host) -> None:
    host.change("do it", ["touch", "/x"])


def ask_first_master(cluster: Cluster, host: Host) -> None:
    host.change("prepare", ["touch", "/y"])
    cluster.first_master.file("/x")
    host.change("do it", ["touch", "/x"])


def test_a_phase_that_does_not_apply_alters_nothing_and_others_go_on(bare, log):
    phases = [log.phase("a", everyone, do=change, when=NEVER), log.phase("b", nodes, after=("a",))]
    told = run(bare, phases)
    assert sorted(log.lines) == ["n1 b", "n2 b"]
    assert sorted(told.ended) == ["m1 a", "n1 a", "n1 b", "n2 a", "n2 b"]
    assert told.skipped == []


def test_a_phase_that_does_not_apply_says_why_and_reads_nothing(bare, log):
    reads = Reads(files=("/x",))
    assert log.phase("a", everyone, reads=reads).does_not_apply(bare.spec) == ""
    assert log.phase("a", everyone, reads=reads).reads_for(bare.spec) == reads
    assert log.phase("a", everyone, reads=lambda _spec: reads).reads_for(bare.spec) == reads
    assert log.phase("a", everyone, reads=reads, when=NEVER).does_not_apply(bare.spec) == "os.update is false"
    assert log.phase("a", everyone, reads=reads, when=NEVER).reads_for(bare.spec) == Reads()


def test_a_phase_leaves_out_the_hosts_that_need_nothing_from_it(bare, log):
    run(bare, [log.phase("a", everyone, unless=lambda host: host.name == "n1")])
    assert sorted(log.lines) == ["m1 a", "n2 a"]


def test_a_dry_run_does_not_know_what_a_phase_would_do_behind_planned_changes(bare, log):
    phases = [
        log.phase("init", first_master, do=change),
        log.phase("a", everyone, do=change, needs=("init",)),
        log.phase("b", everyone, do=change, needs=("init",), unless=lambda host: host.name == "m1"),
    ]
    told = run(bare, phases, is_dry=True)
    assert told.unknown == ["m1 a"]
    assert told.changes == {"m1": ["do it"], "n1": ["do it", "do it"], "n2": ["do it", "do it"]}


def test_a_dry_run_does_not_know_what_depends_on_planned_changes_of_the_first_master(bare, log):
    phases = [
        log.phase("init", first_master, do=change),
        log.phase("a", nodes, do=ask_first_master, after=("init",), needs_on_first_master=("init",)),
    ]
    told = run(bare, phases, is_dry=True)
    assert sorted(told.unknown) == ["n1 a", "n2 a"]
    assert told.changes == {"m1": ["do it"], "n1": ["prepare"], "n2": ["prepare"]}


def test_a_real_run_needs_nothing_but_the_order(bare, log):
    phases = [
        log.phase("init", first_master, do=change),
        log.phase("a", everyone, do=ask_first_master, after=("init",), needs=("init",),
                  needs_on_first_master=("init",)),
    ]  # fmt: skip
    told = run(bare, phases)
    assert told.errors == {}
    assert [len(told.changes[name]) for name in ("m1", "n1", "n2")] == [3, 2, 2]
