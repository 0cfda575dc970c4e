"""Order, threads and turns of hosts, on phases made for the test."""

from __future__ import annotations

import threading

import pytest
from fake_state import FakeUnit
from runs import run

from k8sboot.cluster import Cluster
from k8sboot.host.host import Host
from k8sboot.host.reads import Reads
from k8sboot.phase import everyone, first_master, masters, nodes

pytestmark = [pytest.mark.usefixtures("clock"), pytest.mark.timeout(60)]


def test_a_phase_starts_when_those_before_it_have_ended_everywhere(bare, log):
    late = threading.Event()

    def slow(_cluster: Cluster, host: Host) -> None:
        if host.name == "n2":
            assert late.wait(30)

    def release(_cluster: Cluster, _host: Host) -> None:
        late.set()

    phases = [
        log.phase("first", everyone, do=slow),
        log.phase("independent", first_master, do=release),
        log.phase("second", everyone, after=("first",)),
    ]
    told = run(bare, phases)
    assert told.errors == {}
    seconds = [log.at(f"{name} second") for name in ("m1", "n1", "n2")]
    assert min(seconds) > max(log.at("n2 first"), log.at("m1 independent"))


def test_a_host_does_not_wait_for_others_without_a_reason(bare, log):
    met = threading.Barrier(2, timeout=30)

    def meet(_cluster: Cluster, host: Host) -> None:
        if host.name in ("m1", "n1"):
            met.wait()

    told = run(bare, [log.phase("a", masters, do=meet), log.phase("b", nodes, do=meet)])
    assert told.errors == {}


def test_a_serial_phase_has_one_host_at_a_time(bare, log):
    run(bare, [log.phase("one", everyone, at_once=1)])
    assert log.most_at_work == 1
    assert len(log.lines) == 3


def test_a_phase_in_batches_has_so_many_hosts_at_a_time(bare, log):
    met = threading.Barrier(2, timeout=1)
    alone = []

    def meet(_cluster: Cluster, host: Host) -> None:
        try:
            met.wait()
        except threading.BrokenBarrierError:
            alone.append(host.name)

    run(bare, [log.phase("two", everyone, at_once=2, do=meet)])
    assert log.most_at_work == 2
    assert len(log.lines) == 3
    assert len(alone) == 1


@pytest.mark.parametrize("forks", [1, 2])
def test_no_more_hosts_than_forks_are_worked_on(bare, log, forks):
    phases = [log.phase(name, everyone) for name in ("a", "b")]
    phases.append(log.phase("c", first_master, after=("a", "b")))
    phases.append(log.phase("d", nodes, after=("c",), at_once=1))
    assert run(bare, phases, forks=forks).errors == {}
    assert log.most_at_work <= forks
    assert len(log.lines) == 9


def test_a_phase_with_no_hosts_stands_in_nobodys_way(bare, log):
    told = run(bare, [log.phase("a", lambda _spec: ()), log.phase("b", masters, after=("a", "unknown"))])
    assert told.ended == ["m1 b"]


def test_limit_chooses_hosts_and_leaves_what_is_for_the_cluster(bare, log):
    phases = [log.phase("own", everyone), log.phase("whole", first_master, scope="cluster")]
    run(bare, phases, limit=["n2"])
    assert sorted(log.lines) == ["m1 whole", "n2 own"]
    assert bare.hosts["n1"].runs == []


def test_a_host_alters_only_itself(bare, log):
    def step(_cluster: Cluster, host: Host) -> None:
        host.change("do it", ["touch", f"/{host.name}"])

    run(bare, [log.phase("a", everyone, do=step)])
    for name, host in bare.hosts.items():
        assert host.commands == [f"touch /{name}"]


def test_what_a_phase_declares_is_in_the_first_probe(bare, log):
    def read(_cluster: Cluster, host: Host) -> None:
        assert host.file("/etc/x") is None
        assert host.unit("a.service").active == "active"
        assert host.package("jq") == "1.6"
        assert host.sysctl("vm.swappiness") == "7"
        assert host.module("overlay") == "available"

    reads = Reads(
        files=("/etc/x",),
        units=("a.service",),
        packages=("jq",),
        sysctls=("vm.swappiness",),
        modules=("overlay",),
    )
    for host in bare.hosts.values():
        host.packages["jq"] = "1.6"
        host.units["a.service"] = FakeUnit("active")
    assert run(bare, [log.phase("a", everyone, do=read, reads=reads)]).errors == {}
    assert [host.runs for host in bare.hosts.values()] == [
        ["probe", "hold", "release"],
        ["probe"],
        ["probe"],
    ]
    undeclared = run(bare, [log.phase("a", everyone, do=read)])
    assert undeclared.errors == {}, "a missing declaration costs round trips, never a wrong answer"
