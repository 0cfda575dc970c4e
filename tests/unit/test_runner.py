"""Order, threads and errors, on phases made for the test."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from fake_cluster import FakeCluster
from fake_state import FakeUnit
from inventories import spec
from runs import run

from k8sboot.cluster import Cluster
from k8sboot.errors import Refused, StepFailed
from k8sboot.host import Host
from k8sboot.phase import Phase, everyone, first_master, masters, nodes, phase
from k8sboot.probe import Reads

pytestmark = [pytest.mark.usefixtures("clock"), pytest.mark.timeout(60)]


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster(spec(masters=1, nodes=2))


class Log:
    """Who did what, in order; steps are refused, or wait, as the test wants."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.at_work = 0
        self.most_at_work = 0
        self.lock = threading.Lock()

    def phase(
        self, name: str, on, *, do: Callable[[Cluster, Host], None] = lambda _c, _h: None, **how
    ) -> Phase:
        def work(cluster: Cluster, host: Host) -> None:
            """Do as the test wants."""
            with self.lock:
                self.lines.append(f"{host.name} {name}")
                self.at_work += 1
                self.most_at_work = max(self.most_at_work, self.at_work)
            try:
                do(cluster, host)
            finally:
                with self.lock:
                    self.at_work -= 1

        work.__name__ = name
        return phase(on=on, **how)(work)

    def at(self, line: str) -> int:
        return self.lines.index(line)


def refuse(*names: str) -> Callable[[Cluster, Host], None]:
    def do(_cluster: Cluster, host: Host) -> None:
        if host.name in names:
            raise Refused("not me")

    return do


@pytest.fixture
def log() -> Log:
    return Log()


def test_a_phase_starts_when_those_before_it_have_ended_everywhere(cluster, log):
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
    told = run(cluster, phases)
    assert told.errors == {}
    seconds = [log.at(f"{name} second") for name in ("m1", "n1", "n2")]
    assert min(seconds) > max(log.at("n2 first"), log.at("m1 independent"))


def test_a_host_does_not_wait_for_others_without_a_reason(cluster, log):
    met = threading.Barrier(2, timeout=30)

    def meet(_cluster: Cluster, host: Host) -> None:
        if host.name in ("m1", "n1"):
            met.wait()

    told = run(cluster, [log.phase("a", masters, do=meet), log.phase("b", nodes, do=meet)])
    assert told.errors == {}


def test_a_serial_phase_has_one_host_at_a_time(cluster, log):
    run(cluster, [log.phase("one", everyone, is_serial=True)])
    assert log.most_at_work == 1
    assert len(log.lines) == 3


def test_a_phase_in_batches_has_so_many_hosts_at_a_time(cluster, log):
    met = threading.Barrier(2, timeout=1)
    alone = []

    def meet(_cluster: Cluster, host: Host) -> None:
        try:
            met.wait()
        except threading.BrokenBarrierError:
            alone.append(host.name)

    run(cluster, [log.phase("two", everyone, at_once=2, do=meet)])
    assert log.most_at_work == 2
    assert len(log.lines) == 3
    assert len(alone) == 1


@pytest.mark.parametrize("forks", [1, 2])
def test_no_more_hosts_than_forks_are_worked_on(cluster, log, forks):
    phases = [log.phase(name, everyone) for name in ("a", "b")]
    phases.append(log.phase("c", first_master, after=("a", "b")))
    phases.append(log.phase("d", nodes, after=("c",), is_serial=True))
    assert run(cluster, phases, forks=forks).errors == {}
    assert log.most_at_work <= forks
    assert len(log.lines) == 9


def test_a_node_that_fails_is_left_and_the_others_go_on(cluster, log):
    told = run(cluster, [log.phase("a", everyone, do=refuse("n1")), log.phase("b", everyone, after=("a",))])
    assert told.errors == {"n1": "KB-REFUSED"}
    assert told.report.errors["n1"].host == "n1"
    assert sorted(told.ended) == ["m1 a", "m1 b", "n2 a", "n2 b"]


def test_a_master_that_fails_stops_what_has_not_begun(cluster, log):
    told = run(cluster, [log.phase("a", masters, do=refuse("m1")), log.phase("b", nodes, after=("a",))])
    assert told.errors == {"m1": "KB-REFUSED"}
    assert log.lines == ["m1 a"]
    assert sorted(told.skipped) == ["n1 b: m1 failed in a", "n2 b: m1 failed in a"]


def test_a_master_that_fails_with_one_fork_is_the_only_error(cluster, log):
    told = run(cluster, [log.phase("a", everyone, do=refuse("m1"))], forks=1)
    assert set(told.errors.values()) == {"KB-REFUSED"}
    assert "m1" in told.errors


def test_who_waits_for_a_fork_when_a_master_fails_is_not_begun(cluster, log):
    def fail_late(_cluster: Cluster, host: Host) -> None:
        if host.name == "m1":
            time.sleep(0.2)  # long enough for the others to stand in line
            raise Refused("not me")

    told = run(cluster, [log.phase("a", everyone, do=fail_late)], forks=1)
    assert told.errors == {"m1": "KB-REFUSED"}
    assert log.lines[-1] == "m1 a"


def test_a_phase_that_succeeded_nowhere_stands_in_the_way(cluster, log):
    told = run(cluster, [log.phase("a", nodes, do=refuse("n1", "n2")), log.phase("b", masters, after=("a",))])
    assert told.skipped == ["m1 b: a succeeded nowhere"]


def test_a_phase_with_no_hosts_stands_in_nobodys_way(cluster, log):
    told = run(cluster, [log.phase("a", lambda _spec: ()), log.phase("b", masters, after=("a", "unknown"))])
    assert told.ended == ["m1 b"]


def test_limit_chooses_hosts_and_leaves_what_is_for_the_cluster(cluster, log):
    phases = [log.phase("own", everyone), log.phase("whole", first_master, is_for_cluster=True)]
    run(cluster, phases, limit=["n2"])
    assert sorted(log.lines) == ["m1 whole", "n2 own"]
    assert cluster.hosts["n1"].runs == []


def test_a_mistake_of_ours_is_an_error_with_its_place_and_hangs_nobody(cluster, log):
    def stumble(_cluster: Cluster, host: Host) -> None:
        if host.name == "n1":
            raise KeyError("surprise")

    told = run(cluster, [log.phase("a", everyone, do=stumble), log.phase("b", everyone, after=("a",))])
    assert told.errors == {"n1": "KB-BUG"}
    assert "KeyError" in told.report.errors["n1"].what
    assert "test_runner.py" in told.report.errors["n1"].why
    assert "n2 b" in told.ended


def test_what_is_not_known_yet_in_a_dry_run_is_told_and_the_host_goes_on(cluster, log):
    def begin(_cluster: Cluster, host: Host) -> None:
        host.change("do it", ["touch", "/x"])

    def depends(_cluster: Cluster, host: Host) -> None:
        host.known(None, what="it", after="init")

    phases = [
        log.phase("init", masters, do=begin),
        log.phase("a", masters, do=depends),
        log.phase("b", masters),
    ]
    told = run(cluster, phases, is_dry=True)
    assert told.unknown == ["m1 a"]
    assert told.ended == ["m1 init", "m1 a", "m1 b"]
    assert told.errors == {}
    assert cluster.hosts["m1"].mutations == []


def test_what_is_missing_in_a_real_run_is_an_error_of_who_needs_it(cluster, log):
    def depends(cluster: Cluster, _host: Host) -> None:
        cluster.first_master.known(None, what="a cluster", after="kubeadm-init")

    error = run(cluster, [log.phase("a", nodes, do=depends)]).report.errors["n1"]
    assert "m1 does not have a cluster yet" in error.what
    assert "kubeadm-init" in error.why
    assert "kubeadm-init" in error.fix
    assert error.host == "n1"


def test_changes_are_counted_also_of_a_phase_that_failed(cluster, log):
    def half(_cluster: Cluster, host: Host) -> None:
        host.change("do it", ["touch", "/x"])
        raise StepFailed("then this")

    told = run(cluster, [log.phase("a", masters, do=half)])
    assert told.report.changes == {"m1": 1, "n1": 0, "n2": 0}


def test_a_host_alters_only_itself(cluster, log):
    def step(_cluster: Cluster, host: Host) -> None:
        host.change("do it", ["touch", f"/{host.name}"])

    run(cluster, [log.phase("a", everyone, do=step)])
    for name, host in cluster.hosts.items():
        assert host.commands == [f"touch /{name}"]


def test_what_a_phase_declares_is_in_the_first_probe(cluster, log):
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
    for host in cluster.hosts.values():
        host.packages["jq"] = "1.6"
        host.units["a.service"] = FakeUnit("active")
    assert run(cluster, [log.phase("a", everyone, do=read, reads=reads)]).errors == {}
    assert [host.runs for host in cluster.hosts.values()] == [
        ["probe", "hold", "release"],
        ["probe"],
        ["probe"],
    ]
    undeclared = run(cluster, [log.phase("a", everyone, do=read)])
    assert undeclared.errors == {}, "a missing declaration costs round trips, never a wrong answer"
