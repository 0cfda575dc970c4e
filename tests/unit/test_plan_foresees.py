"""What `up` does was in the plan before it, or under what that said to be unknown."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from dry_runs import surprises
from fake_answers import node, object_list
from fake_cluster import FakeCluster, copied
from fake_state import FakeUnit, HostState
from fake_yum import LOCK_LIST
from families import MIXED_IS_SLOW, SYSTEMS, by_turns, machines
from inventories import saying
from runs import mutations, raise_errors, run

from k8sboot.paths import UNFINISHED
from k8sboot.runbook import RESET, UP

pytestmark = pytest.mark.usefixtures("clock")

NAMES_OF_UP = [phase.name for phase in UP]


@pytest.fixture(scope="module")
def _made(family: str) -> FakeCluster:
    it = machines(family)
    raise_errors(run(it, UP))
    return it


@pytest.fixture
def finished(_made: FakeCluster) -> FakeCluster:
    return copied(_made)


@pytest.fixture(scope="module")
def half_built() -> Callable[[str, int], FakeCluster]:
    """Machines on which the phases up to that one have run: each phase once, on what those before it left."""
    all_stages = {name: {0: machines(name)} for name in SYSTEMS}

    def built(family: str, last: int) -> FakeCluster:
        stages = all_stages[family]
        wanted, before = last + 1, max(count for count in stages if count <= last + 1)
        if before < wanted:
            stages[wanted] = copied(stages[before])
            raise_errors(run(stages[wanted], UP[before:wanted]))
        return copied(stages[wanted])

    return built


def foreseen(it: FakeCluster, *, limit: Sequence[str] | None = None) -> list[str]:
    """Plan, then up: the first altered nothing, the second did nothing unheard of; what the second did."""
    for host in it.hosts.values():
        host.clear()
    before = {name: copy.deepcopy(host.files) for name, host in it.hosts.items()}
    planned = run(it, UP, is_dry=True, limit=limit)
    assert mutations(it) == {}
    assert {name: host.files for name, host in it.hosts.items()} == before
    assert planned.errors == {}
    done = raise_errors(run(it, UP, limit=limit))
    assert surprises(planned, done) == []
    return [what for changes in done.changes.values() for what in changes]


def test_on_bare_machines(family):
    it = machines(family)
    assert "kubeadm init" in foreseen(it)
    assert sorted(it.members) == ["m1", "n1", "n2"]


@pytest.mark.parametrize(("family", "last"), by_turns(NAMES_OF_UP, every=6))
def test_on_machines_that_are_half_built(half_built, family, last):
    index = NAMES_OF_UP.index(last)
    it = half_built(family, index)
    planned = run(it, UP[: index + 1], is_dry=True)
    assert (planned.changes, planned.unknown, planned.errors) == ({}, [], {}), "what is done is done"
    foreseen(it)
    assert sorted(it.members) == ["m1", "n1", "n2"]


def test_on_a_finished_cluster_there_is_nothing_to_foresee(finished):
    assert foreseen(finished) == []


@pytest.mark.parametrize("stale", [False, True], ids=["fresh lists", "stale lists"])
@pytest.mark.parametrize(
    ("family", "package"), by_turns(["docker-ce", "kubelet", "chrony"]), indirect=["family"], scope="module"
)
def test_a_package_that_somebody_removed(finished, package, stale):
    for host in finished.hosts.values():
        host.has_fresh_lists = not stale
        host.put("/etc/hosts", "127.0.0.1 localhost\n")
    for name in ("m1", "n1"):
        del finished.hosts[name].packages[package]
    assert any(package in what for what in foreseen(finished))


@MIXED_IS_SLOW
@pytest.mark.parametrize("where", [("n1",), ("m1",), ("m1", "n1")], ids="-".join)
def test_another_version_than_the_one_chosen(family, finished, where):
    finished.spec = replace(finished.spec, runtime=replace(finished.spec.runtime, allow_downgrade=True))
    for name in where:
        host = finished.hosts[name]
        is_el7 = any("yum" in path for path in host.files)
        version = "3:26.1.4-1.el7" if is_el7 else "5:26.1.4-1~debian"
        host.packages["docker-ce"] = version
        host.has_fresh_lists = False
        if is_el7:
            host.put(LOCK_LIST, "3:docker-ce-26.1.4-1.el7.*\n")
    done = foreseen(finished)
    assert any("install" in what for what in done)
    assert family == "debian" or any("hold" in what for what in done) or where == ("m1",)


@MIXED_IS_SLOW
def test_a_version_that_fits_and_is_not_the_one_that_will_be_chosen(family, finished):
    host = finished.hosts["n2"]
    host.packages["docker-ce"] = "3:20.10.23-3.el7" if family == "el7" else "5:20.10.5~3-0~debian"
    host.put("/etc/hosts", "127.0.0.1 localhost\n")
    del finished.hosts["m1"].packages["docker-ce"]
    finished.hosts["m1"].has_fresh_lists = False
    assert any(what.startswith("install docker-ce") for what in foreseen(finished))
    assert "20.10.24" in host.packages["docker-ce"]


@MIXED_IS_SLOW
def test_a_node_that_is_mended_is_not_waited_for(finished):
    docker = finished.hosts["n1"].units["docker.service"]
    docker.active = "inactive"

    def nodes(_host: HostState, _words: list[str]) -> str:
        found = [node(name, finished.addresses[name]) for name in finished.members]
        found[1]["status"]["conditions"][0]["status"] = "True" if docker.active == "active" else "False"
        return object_list("Node", found)

    finished.hosts["m1"].answers["kubectl get nodes"] = nodes
    assert foreseen(finished) == ["enable and start docker.service"]


@MIXED_IS_SLOW
def test_a_node_that_was_reset_and_nothing_else(finished):
    raise_errors(run(finished, RESET, limit=["n1"]))
    assert foreseen(finished).count("kubeadm join") == 1


@MIXED_IS_SLOW
def test_a_run_for_one_node(finished):
    raise_errors(run(finished, RESET, limit=["n1"]))
    assert "revoke the join token" in foreseen(finished, limit=["n1"])


@MIXED_IS_SLOW
def test_a_kubeadm_that_was_cut(family):
    it = machines(family)
    raise_errors(run(it, UP[: NAMES_OF_UP.index("kubeadm-init") + 1]))
    it.hosts["m1"].put(UNFINISHED, "")
    done = foreseen(it)
    assert {"undo an unfinished kubeadm", "kubeadm init"} <= set(done)
    it.hosts["n1"].put(UNFINISHED, "")
    it.members.remove("n1")
    assert "kubeadm join" in foreseen(it)


@MIXED_IS_SLOW
def test_more_masters(family):
    it = machines(family, masters=3)
    assert foreseen(it).count("kubeadm join") == 4


@MIXED_IS_SLOW
def test_what_only_some_inventories_want(family):
    it = machines(family, time_sync="ntpdate", distribute_key=True, packages=("jq", "telnet"))
    for host in it.hosts.values():
        host.offered.update(ntpdate=("1.0-1",), cron=("1.0-1",), jq=("1.0-1",))
        host.units.update(
            {"crond.service": FakeUnit(), "cron.service": FakeUnit(), "ntp.service": FakeUnit("active")}
        )
    assert "make an SSH key for root" in foreseen(it)


@MIXED_IS_SLOW
def test_a_general_update(finished):
    finished.spec = replace(finished.spec, os=replace(finished.spec.os, update=True))
    for host in finished.hosts.values():
        host.answers["apt-get -s"] = "Inst bash [1] (2 Debian)\n"
        host.answers["apt-get install -y --no-remove --only-upgrade"] = ""
        if "bash" not in host.packages:
            host.packages.update(bash="0:4.2-1.el7")
            host.offered.update(bash=("0:4.2-2.el7",))
    assert any(what.startswith("update 1 packages") for what in foreseen(finished))


@MIXED_IS_SLOW
def test_another_inventory_for_a_finished_cluster(finished):
    changes = {
        "os": {"timezone": "Etc/UTC", "sysctl": {"vm.swappiness": "1"}, "ntp_servers": ("ntp.example.com",)},
        "runtime": {"log_max_size": "10m"},
        "kube_proxy": {"mode": "iptables"},
        "metrics_server": {"replicas": 2},
        "calico": {"encapsulation": "vxlan"},
    }
    it = finished.spec
    finished.spec = replace(
        it, **{part: replace(getattr(it, part), **change) for part, change in changes.items()}
    )
    finished.spec = saying(
        finished.spec,
        "runtime.logMaxSize",
        "kubeProxy.mode",
        "metricsServer.replicas",
        "calico.encapsulation",
    )
    done = foreseen(finished)
    assert {"set kube-proxy's mode to iptables", "apply calico", "apply metrics-server"} <= set(done)
