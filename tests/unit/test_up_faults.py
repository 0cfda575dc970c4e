"""`up` when something fails, comes late, or was cut short."""

from __future__ import annotations

import pytest
from fake_cluster import FakeCluster
from inventories import spec
from runs import raise_errors, run

from k8sboot.errors import DeadlineExceeded
from k8sboot.events import Notice, PhaseEnded, PhaseStarted, Waiting
from k8sboot.runbook import UP

pytestmark = pytest.mark.usefixtures("clock")


def test_more_masters_join_one_after_the_other():
    cluster = FakeCluster(spec(masters=3, nodes=1))
    raise_errors(run(cluster, UP))
    assert sorted(cluster.members) == ["m1", "m2", "m3", "n1"]
    for name in ("m2", "m3"):
        assert "/etc/kubernetes/admin.conf" in cluster.hosts[name].files
    assert raise_errors(run(cluster, UP)).changes == {}


def test_up_with_one_fork_comes_to_its_end():
    cluster = FakeCluster(spec(masters=3, nodes=2))
    raise_errors(run(cluster, UP, forks=1))
    assert len(cluster.members) == 5


def test_an_init_that_failed_half_way_is_undone_and_made_again(bare: FakeCluster):
    host = bare.hosts["m1"]
    host.answers["kubeadm init"] = (
        1,
        "[init] Using Kubernetes\n",
        "error execution phase wait-control-plane\n",
    )
    failed = run(bare, UP).report.errors["m1"]
    assert failed.command.startswith("kubeadm init --config")  # type: ignore[attr-defined]
    assert failed.detail.endswith("error execution phase wait-control-plane")
    assert "k8sboot-failed" not in failed.detail
    host.put("/etc/kubernetes/admin.conf", "half", mode=0o600)
    del host.answers["kubeadm init"]
    told = raise_errors(run(bare, UP))
    assert "undo an unfinished kubeadm" in told.changes["m1"]
    assert "KB-UNFINISHED" in told.codes
    assert raise_errors(run(bare, UP)).changes == {}


def test_a_join_that_failed_leaves_no_secret_and_is_made_again(bare: FakeCluster):
    host = bare.hosts["n1"]
    host.answers["kubeadm join"] = (1, "", "timed out\n")
    told = run(bare, UP)
    assert told.errors == {"n1": "KB-COMMAND"}
    assert sorted(bare.members) == ["m1", "n2"]
    assert "/run/k8sboot/join.yaml" not in host.files
    del host.answers["kubeadm join"]
    told = raise_errors(run(bare, UP))
    assert {"undo an unfinished kubeadm", "kubeadm join"} <= set(told.changes["n1"])
    assert set(told.changes["m1"]) == {"make a join token", "revoke the join token"}
    assert "n2" not in told.changes


def _cut_in_a_join(bare: FakeCluster) -> None:
    """n1 lost its power when the cluster had its Node already, which stays Ready for a while."""
    host = bare.hosts["n1"]
    host.answers["kubeadm join"] = (1, "", "killed\n")
    run(bare, UP)
    del host.answers["kubeadm join"]
    bare.members.append("n1")
    bare.still_ready.add("n1")


def test_a_node_of_a_join_that_was_cut_is_waited_for_until_it_is_not_ready_any_more(bare: FakeCluster, clock):
    _cut_in_a_join(bare)
    before = clock.slept

    def notice() -> None:
        if clock.slept - before == 5:
            bare.still_ready.clear()

    clock.on_nap = notice
    told = raise_errors(run(bare, UP))
    assert clock.slept - before >= 5
    assert "kubeadm join" in told.changes["n1"]
    assert any("kubelet has stopped on n1" in e.what for e in told.events if isinstance(e, Waiting))


def test_a_node_that_stays_ready_is_named(bare: FakeCluster, clock):
    _cut_in_a_join(bare)
    told = run(bare, UP)
    assert told.errors == {"n1": "KB-DEADLINE"}
    assert "kubeadm join" not in told.changes["n1"]


def test_another_machines_node_of_that_name_is_not_waited_for(bare: FakeCluster):
    _cut_in_a_join(bare)
    other = {"n1": "0" * 32}
    made = bare.node_object

    def of_another(name: str):
        found = made(name)
        found["status"]["nodeInfo"] = {"machineID": other.get(name, "")}
        return found

    bare.node_object = of_another  # type: ignore[method-assign]
    assert "kubeadm join" in raise_errors(run(bare, UP)).changes["n1"]


def test_a_pod_network_that_takes_its_time_is_asked_for_anew(bare: FakeCluster, clock):
    """On a node, after its join, kube-proxy comes up late: the probe's old answer must not count."""
    late = {"n1": 4}
    answer = bare.hosts["n1"].answers["proxy-mode"]

    def slow(host, words):
        if host.name in bare.members and late[host.name]:
            late[host.name] -= 1
            return 1, "", ""
        return answer(host, words)

    bare.hosts["n1"].answers["proxy-mode"] = slow
    raise_errors(run(bare, UP))
    assert late == {"n1": 0}


def test_a_service_is_waited_for_only_when_its_pods_run(bare: FakeCluster):
    """CoreDNS may take longer to start than its Service may take to answer."""
    master, waits = bare.hosts["m1"], [1] * 9
    kubectl = master.answers["kubectl"]

    def slow(host, words):
        if any("daemonsets,deployments,pods" in word for word in words) and waits:
            waits.pop()
            return '{"items": [{"kind": "Pod", "metadata": {"name": "coredns"}, "status": {}, "spec": {}}]}'
        return kubectl(host, words)

    master.answers["kubectl"] = slow
    told = run(bare, UP)
    raise_errors(told)
    order = [(type(e), e.phase) for e in told.events if isinstance(e, PhaseStarted | PhaseEnded)]
    assert not waits
    assert order.index((PhaseEnded, "settle")) < order.index((PhaseStarted, "service-dns"))


def test_what_never_comes_has_a_deadline_with_the_last_words(finished: FakeCluster):
    finished.hosts["n2"].answers["service-dns"] = (1, "", "")
    error = run(finished, UP).report.errors["n2"]
    assert isinstance(error, DeadlineExceeded)
    assert "10.96.0.10" in error.why


def test_metrics_that_end_badly_without_a_word_have_not_come(finished: FakeCluster):
    master = finished.hosts["m1"]
    kubectl = master.answers["kubectl"]
    master.answers["kubectl"] = lambda host, words: (
        (1, "", "") if "top" in " ".join(words).split() else kubectl(host, words)
    )
    error = run(finished, UP).report.errors["m1"]
    assert isinstance(error, DeadlineExceeded)
    assert "kubectl top nodes" in error.what
    assert error.why == "it exited with status 1"


def test_a_node_with_another_address_is_not_green(finished: FakeCluster):
    finished.addresses["n1"] = ""
    error = run(finished, UP).report.errors["m1"]
    assert isinstance(error, DeadlineExceeded)
    assert error.why == "n1 has the InternalIP <none>, not 192.0.2.2"


def test_a_kubelet_that_hands_out_no_logs_is_not_green(finished: FakeCluster):
    finished.hosts["m1"].answers["pod-logs"] = "n1: dial tcp 192.0.2.2:10250: connect: no route to host\n"
    error = run(finished, UP).report.errors["m1"]
    assert isinstance(error, DeadlineExceeded)
    assert "kubectl logs" in error.what
    assert error.why == "n1: dial tcp 192.0.2.2:10250: connect: no route to host"


def test_another_network_that_wins_on_a_node_is_not_green(finished: FakeCluster):
    finished.hosts["n2"].answers["cni-in-force"] = "05-bridge.conf"
    error = run(finished, UP).report.errors["m1"]
    assert isinstance(error, DeadlineExceeded)
    assert error.why == "n2 uses 05-bridge.conf"


def test_what_verify_finds_a_plan_tells_and_goes_on(finished: FakeCluster):
    finished.hosts["n2"].answers["cni-in-force"] = "05-bridge.conf"
    told = raise_errors(run(finished, UP, is_dry=True))
    texts = [event.text for event in told.events if isinstance(event, Notice)]
    assert "`up` would wait for Calico's configuration to be in force: n2 uses 05-bridge.conf" in texts
