"""`reset`, and runs on some of the machines."""

from __future__ import annotations

import pytest
from fake_cluster import FakeCluster
from inventories import spec
from runs import raise_errors, run

from k8sboot.events import Changed, PhaseStarted
from k8sboot.paths import ORIGINALS_DIR
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


def test_a_dry_run_of_reset_says_what_happens_in_words(finished: FakeCluster):
    told = raise_errors(run(finished, RESET, is_dry=True))
    (said,) = [event.diff for event in told.of(Changed) if event.host == "m1"]
    assert "stops kubelet and Kubernetes' containers" in said
    (deleted, config) = [line for line in said.splitlines() if line.startswith("deletes /")]
    assert "/etc/kubernetes/admin.conf, " in deleted
    assert (
        config
        == f"deletes /home/ops/.kube/config, /root/.kube/config, after saving a copy in {ORIGINALS_DIR}"
    )
    assert max(map(len, said.splitlines())) < 1000


def test_reset_takes_etcds_data_where_kubeadm_left_it(finished: FakeCluster):
    host = finished.hosts["m1"]
    host.put("/var/lib/etcd/member/snap/db", "what the next kubeadm init would stumble over")
    host.put("/var/lib/etcd/backup.db", "the operator's own")
    raise_errors(run(finished, RESET))
    assert [path for path in host.files if path.startswith("/var/lib/etcd/")] == ["/var/lib/etcd/backup.db"]


def test_reset_of_machines_that_never_were_a_cluster_alters_nothing(bare: FakeCluster):
    assert raise_errors(run(bare, RESET)).changes == {}


def test_reset_of_one_node_drains_it_and_up_brings_it_back(finished: FakeCluster):
    told = raise_errors(run(finished, RESET, limit=["n1"]))
    assert told.changes["m1"] == ["drain n1", "take n1 out of the cluster"]
    assert sorted(finished.members) == ["m1", "n2"]
    assert "n2" not in told.changes
    told = raise_errors(run(finished, UP))
    assert sorted(finished.members) == ["m1", "n1", "n2"]
    assert "n2" not in told.changes


def three_masters() -> FakeCluster:
    cluster = FakeCluster(spec(masters=3, nodes=0))
    raise_errors(run(cluster, UP))
    assert sorted(cluster.etcd) == ["m1", "m2", "m3"], "they join in any order"
    return cluster


def test_reset_of_a_master_takes_it_out_of_etcd_and_up_brings_it_back():
    cluster = three_masters()
    told = raise_errors(run(cluster, RESET, limit=["m3"]))
    assert told.changes["m1"] == ["drain m3", "take m3 out of the cluster"], (
        "kubeadm did it: its Node was there"
    )
    assert sorted(cluster.etcd) == sorted(cluster.members) == ["m1", "m2"]
    raise_errors(run(cluster, UP))
    assert sorted(cluster.etcd) == sorted(cluster.members) == ["m1", "m2", "m3"]


def test_a_master_that_kubeadm_left_in_etcd_is_taken_out_of_it():
    cluster = three_masters()
    cluster._reset(cluster.hosts["m3"])  # a reset that was cut before the cluster heard of it
    cluster.etcd.append("m3")
    told = raise_errors(run(cluster, RESET, limit=["m3"]))
    assert told.changes["m1"] == ["remove m3 from etcd", "take m3 out of the cluster"], (
        "there is nothing to drain"
    )
    assert sorted(cluster.etcd) == ["m1", "m2"]


def test_a_master_that_was_lost_and_replaced_joins():
    cluster = three_masters()
    cluster.members.remove("m3")
    cluster.hosts["m3"] = FakeCluster(cluster.spec).hosts["m3"]
    cluster.hosts["m3"].answers.update(cluster.hosts["m2"].answers)
    told = raise_errors(run(cluster, UP))
    assert "remove m3 from etcd" in told.changes["m1"]
    assert "m2" not in told.changes
    assert sorted(cluster.etcd) == sorted(cluster.members) == ["m1", "m2", "m3"]
    assert raise_errors(run(cluster, UP)).changes == {}


def test_a_host_whose_reset_failed_stays_in_the_cluster(finished: FakeCluster):
    finished.hosts["n1"].answers["kubeadm"] = (1, "", "no")
    told = run(finished, RESET, limit=["n1"])
    assert told.changes["m1"] == ["drain n1"]
    assert "n1" in finished.members


def test_a_member_without_kubeadm_is_refused_before_it_is_drained(finished: FakeCluster):
    del finished.hosts["n1"].packages["kubeadm"]
    told = run(finished, RESET, limit=["n1"])
    assert told.errors == {"n1": "KB-RESET-KUBEADM"}
    assert told.changes == {}
    assert "--limit n1" in told.report.errors["n1"].fix
    assert "n1" in finished.members


def test_kubeadm_that_no_package_brought_resets_too(finished: FakeCluster):
    host = finished.hosts["n1"]
    del host.packages["kubeadm"]
    host.put("/usr/local/bin/kubeadm", "kubespray's")
    raise_errors(run(finished, RESET, limit=["n1"]))
    assert "n1" not in finished.members


def test_up_after_reset_makes_the_cluster_again(finished: FakeCluster):
    raise_errors(run(finished, RESET))
    told = raise_errors(run(finished, UP))
    assert sorted(finished.members) == ["m1", "n1", "n2"]
    assert "read the package lists" not in str(told.changes)


def test_a_plan_tells_of_hosts_outside_only_where_it_does_not_join_them(bare: FakeCluster):
    assert "KB-NOT-JOINED" not in run(bare, UP, is_dry=True).codes
    raise_errors(run(bare, UP, limit=["m1"]))
    assert "KB-NOT-JOINED" not in run(bare, UP, is_dry=True).codes
    without_join = [phase for phase in UP if phase.name != "join-nodes"]
    assert "KB-NOT-JOINED" in run(bare, without_join, is_dry=True).codes
