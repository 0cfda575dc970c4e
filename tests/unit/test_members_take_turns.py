"""Running members of the cluster are restarted one at a time; bare machines are not held up."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from fake_cluster import FakeCluster
from inventories import saying, spec
from runs import Told, raise_errors, run

from k8sboot.cluster import Cluster
from k8sboot.errors import Refused, Unreachable
from k8sboot.events import Changed, Notice, PhaseEnded, PhaseStarted
from k8sboot.host.host import Host
from k8sboot.phase import everyone, nodes
from k8sboot.phases.container_runtime import container_runtime
from k8sboot.phases.kube_packages import kube_packages
from k8sboot.runbook import UP

pytestmark = [pytest.mark.usefixtures("clock"), pytest.mark.timeout(60)]
TURNS = ("container-runtime", "kube-packages")


def made(*, masters: int, nodes: int) -> FakeCluster:
    cluster = FakeCluster(spec(masters=masters, nodes=nodes))
    raise_errors(run(cluster, UP))
    return cluster


def with_new_log_size(cluster: FakeCluster) -> None:
    wanted = replace(cluster.spec, runtime=replace(cluster.spec.runtime, log_max_size="77m"))
    cluster.spec = saying(wanted, "runtime.logMaxSize")


def turns(told: Told) -> list[str]:
    """The hosts in the order of their turns. Fails where two had one at the same time."""
    at_work: list[str] = []
    taken: list[str] = []
    for event in told.events:
        if isinstance(event, PhaseStarted) and event.phase in TURNS:
            at_work.append(event.host)
            taken.append(event.host)
            assert len(at_work) == 1, at_work
        elif isinstance(event, PhaseEnded) and event.phase in TURNS:
            at_work.remove(event.host)
    return taken


def restarts(cluster: FakeCluster) -> dict[str, int]:
    return {name: host.units["docker.service"].restarts for name, host in cluster.hosts.items()}


def test_a_new_setting_restarts_one_member_after_the_other():
    cluster = made(masters=3, nodes=2)
    before = restarts(cluster)
    with_new_log_size(cluster)
    told = raise_errors(run(cluster, UP))
    assert sorted(turns(told)) == sorted([*cluster.hosts] * 2)
    assert restarts(cluster) == {name: count + 1 for name, count in before.items()}
    assert raise_errors(run(cluster, UP)).changes == {}


def test_the_next_one_waits_until_the_pods_are_ready_and_is_spared_if_they_never_are(finished: FakeCluster):
    before = restarts(finished)
    with_new_log_size(finished)

    def break_pods(event: object) -> None:
        if isinstance(event, Changed) and event.what == "restart docker.service":
            finished.unready.append(event.host)

    told = run(finished, UP, witness=break_pods)
    (failed,) = told.errors
    assert told.errors[failed] == "KB-DEADLINE"
    assert f"kube-proxy-{failed}: Pending" in told.report.errors[failed].why  # type: ignore[attr-defined]
    restarted = [name for name, count in restarts(finished).items() if count > before[name]]
    assert restarted == [failed], "the others were not begun"


def test_pods_that_were_not_ready_before_are_not_waited_for(finished: FakeCluster):
    finished.unready = ["m1", "n1", "n2"]
    with_new_log_size(finished)
    raise_errors(run(finished, [container_runtime]))


def test_a_master_is_not_restarted_where_etcd_would_lose_its_quorum():
    cluster = made(masters=3, nodes=1)
    before = restarts(cluster)
    with_new_log_size(cluster)
    told = run(cluster, [container_runtime], dead={"m3": Unreachable("no route", host="m3")})
    (failed,) = {name for name, code in told.errors.items() if code == "KB-DEADLINE"}
    assert "m3: not reachable" in told.report.errors[failed].why  # type: ignore[attr-defined]
    assert {n: c for n, c in restarts(cluster).items() if n != "n1"} == {
        n: c for n, c in before.items() if n != "n1"
    }


def test_one_of_three_masters_alone_is_restarted_while_the_cluster_sees_the_others_ready():
    cluster = made(masters=3, nodes=0)
    with_new_log_size(cluster)
    before = restarts(cluster)
    raise_errors(run(cluster, [container_runtime], limit=["m2"]))
    assert restarts(cluster) == {**before, "m2": before["m2"] + 1}


def test_masters_that_have_not_joined_are_no_members_of_etcd():
    cluster = FakeCluster(spec(masters=3, nodes=0))
    raise_errors(run(cluster, UP, limit=["m1"]))
    with_new_log_size(cluster)
    raise_errors(run(cluster, [container_runtime], limit=["m1"]))


def test_a_plan_says_that_all_containers_of_the_machine_are_restarted(finished: FakeCluster):
    with_new_log_size(finished)
    told = raise_errors(run(finished, UP, is_dry=True))
    said = {e.host: e.text for e in told.events if isinstance(e, Notice) and e.code == "KB-MEMBER-RESTART"}
    assert said == dict.fromkeys(
        finished.hosts, "restarts docker and all containers of this machine; one machine at a time"
    )


def test_kubelets_settings_go_one_machine_at_a_time_too(finished: FakeCluster):
    for host in finished.hosts.values():
        host.put("/etc/default/kubelet", "edited\n")
    told = raise_errors(run(finished, [kube_packages]))
    assert sorted(turns(told)) == ["m1", "n1", "n2"]
    assert all(what[-1] == "restart kubelet.service" for what in told.changes.values())
    assert "containers keep running" in str(told.of(Notice))


@pytest.mark.parametrize(
    ("unit", "file"),
    [
        ("kubelet.service", "/etc/default/kubelet"),
        ("kubelet.service", "/var/lib/kubelet/config.yaml"),
        ("docker.service", "/etc/docker/daemon.json"),
    ],
)
def test_what_was_edited_by_hand_and_not_read_since_is_read_by_a_restart(finished: FakeCluster, unit, file):
    for name in ("m1", "n1"):
        finished.hosts[name].unread.add(f"{unit} {file}")
    reason = (
        f"{unit}: restarts to read {file}, which was changed after it had started (now active, enabled)\n"
    )
    for is_dry in (True, False):
        told = raise_errors(run(finished, UP, is_dry=is_dry))
        assert told.changes == {"m1": [f"restart {unit}"], "n1": [f"restart {unit}"]}
        assert [change.diff for change in told.of(Changed)] == [reason] * 2
        assert "one machine at a time" in str(told.of(Notice))
    assert sorted(turns(told)) == sorted([*finished.hosts] * 2)
    assert raise_errors(run(finished, UP)).changes == {}


def test_bare_machines_are_not_held_up(bare: FakeCluster, log):
    met = threading.Barrier(3, timeout=30)

    def meet(_cluster: Cluster, _host: Host) -> None:
        met.wait()

    turn = container_runtime.turn
    assert run(bare, [replace(log.phase("a", everyone, do=meet), turn=turn)]).errors == {}


def test_all_phases_with_turns_have_one(bare: FakeCluster, log):
    phases = [replace(log.phase(name, everyone), turn=lambda _host: True) for name in ("a", "b", "c")]
    run(bare, phases)
    assert log.most_at_work == 1


@pytest.mark.parametrize("is_changed", [True, False])
def test_a_failure_after_a_change_ends_the_turns(bare: FakeCluster, log, is_changed):
    begun: list[str] = []

    def fail(_cluster: Cluster, host: Host) -> None:
        begun.append(host.name)
        if is_changed:
            host.change("alter it", ["true"])
        raise Refused("no", host=host.name)

    for host in bare.hosts.values():
        host.answers["true"] = ""
    run(bare, [replace(log.phase("a", nodes, do=fail), turn=lambda _host: True)])
    assert len(begun) == (1 if is_changed else 2)


@pytest.mark.parametrize("busy", ["m2", "n1"])
def test_no_member_takes_its_turn_while_a_job_of_an_earlier_run_is_running_on_a_master(clock, busy):
    """A node's job holds up no one."""
    cluster = made(masters=3, nodes=1)
    host, begun = cluster.hosts[busy], threading.Event()
    host.facts["jobs"] = "restart-docker-1"

    def listen(event: object) -> None:
        if isinstance(event, PhaseStarted) and event.phase in TURNS and event.host != busy:
            begun.set()

    def on_nap() -> None:
        if begun.wait(0.3 if busy == "m2" else 10) == (busy == "n1"):
            host.facts["jobs"] = ""

    clock.on_nap = on_nap
    told = raise_errors(run(cluster, [container_runtime], listener=listen))
    assert sorted(turns(told)) == sorted(cluster.hosts)
