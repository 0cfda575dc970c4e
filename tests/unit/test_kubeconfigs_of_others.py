"""A ~/.kube/config that is not this cluster's is neither replaced nor removed, and named."""

from __future__ import annotations

import json

import pytest
from fake_answers import kubeconfig as made
from fake_cluster import FakeCluster
from fake_state import FakeFile
from runs import Told, raise_errors, run

from k8sboot.events import Changed, Notice
from k8sboot.kubernetes.paths import ADMIN_CONF
from k8sboot.phases.kubeconfig import kubeconfig
from k8sboot.runbook import RESET, RESET_WITH_OS, UP

pytestmark = pytest.mark.usefixtures("clock")

PATHS = ("/root/.kube/config", "/home/ops/.kube/config")
OTHER = made("ca of prod", "kubernetes-admin", "10.9.9.9:6443", name="prod")
KEY = json.loads(OTHER)["users"][0]["user"]["client-key-data"]
BROKEN = "clusters: [\n"


def merged(cluster: FakeCluster) -> str:
    one, two = json.loads(cluster.hosts["m1"].text(ADMIN_CONF)), json.loads(OTHER)
    return json.dumps(one | {kind: one[kind] + two[kind] for kind in ("clusters", "contexts", "users")})


def put(cluster: FakeCluster, text: str, *, host: str = "m1") -> list[FakeFile]:
    """The same file for both users, with a mode of its owner's."""
    for path, owner in zip(PATHS, ("root:root", "ops:ops"), strict=True):
        cluster.hosts[host].files[path] = FakeFile(text.encode(), 0o640, owner)
    return [cluster.hosts[host].files[path] for path in PATHS]  # type: ignore[misc]


def now(cluster: FakeCluster, host: str = "m1") -> list[object]:
    return [cluster.hosts[host].files.get(path) for path in PATHS]


def kept(told: Told) -> list[tuple[str, str]]:
    """(host, text) of each notice."""
    return [
        (e.host, e.text) for e in told.of(Notice) if isinstance(e, Notice) and e.code == "KB-KUBECONFIG-KEPT"
    ]


def foreign(cluster: FakeCluster) -> dict[str, tuple[str, str]]:
    """Texts that are not the cluster's alone, and what is said of each."""
    return {
        "of another cluster": (OTHER, "`prod` at 10.9.9.9:6443"),
        "merged": (
            merged(cluster),
            "clusters in it: `kubernetes` at 192.0.2.1:6443, `prod` at 10.9.9.9:6443",
        ),
        "broken": (BROKEN, "it is not a kubeconfig that k8sboot can read"),
        "large": ("#" * 70_000, "it is larger than 64 KiB"),
    }


@pytest.mark.parametrize("case", ["of another cluster", "merged", "broken", "large"])
def test_up_leaves_what_is_not_only_this_clusters_and_names_it_each_time(finished: FakeCluster, case: str):
    text, said = foreign(finished)[case]
    before = put(finished, text)
    for is_dry in (True, False, False):
        told = raise_errors(run(finished, UP, is_dry=is_dry))
        assert told.changes == {}
        assert now(finished) == before
        assert sorted(text.partition(" ")[0] for _, text in kept(told)) == sorted(PATHS)
        for _, line in kept(told):
            assert said in line
            assert f"kubectl --kubeconfig {ADMIN_CONF}" in line
            assert "kubectl config view --flatten" in line
        assert KEY not in repr(told.events)


def test_a_plan_for_a_bare_host_names_it_before_there_is_a_cluster(bare: FakeCluster):
    before = put(bare, OTHER)
    told = raise_errors(run(bare, UP, is_dry=True))
    assert {host for host, _ in kept(told)} == {"m1"}
    assert len(kept(told)) == 2
    told = raise_errors(run(bare, UP))
    assert len(kept(told)) == 2
    assert now(bare) == before


@pytest.mark.parametrize("issue", [1, 2])
def test_an_older_copy_of_this_clusters_is_renewed(finished: FakeCluster, issue: int):
    put(finished, made("an earlier ca", "kubernetes-admin", issue=issue))
    told = raise_errors(run(finished, [kubeconfig]))
    assert sorted(told.changes["m1"]) == sorted(f"write {path}" for path in PATHS)
    assert kept(told) == []
    admin = finished.hosts["m1"].text(ADMIN_CONF)
    assert [finished.hosts["m1"].text(path) for path in PATHS] == [admin, admin]
    assert raise_errors(run(finished, [kubeconfig])).changes == {}


def test_what_k8sboot_has_written_for_a_cluster_that_is_gone_is_renewed(finished: FakeCluster):
    host = finished.hosts["m1"]
    admin = host.text(ADMIN_CONF)
    host.put(ADMIN_CONF, made("new ca", "kubernetes-admin", "192.0.2.9:6443", name="later"), mode=0o600)
    told = raise_errors(run(finished, [kubeconfig]))
    assert kept(told) == []
    assert {host.text(path) for path in PATHS} == {host.text(ADMIN_CONF)} != {admin}


def test_a_namespace_of_the_owners_stays_while_the_credentials_are_the_same(finished: FakeCluster):
    host = finished.hosts["m1"]
    found = json.loads(host.text(ADMIN_CONF))
    found["contexts"][0]["context"]["namespace"] = "dev"
    put(finished, json.dumps(found))
    told = raise_errors(run(finished, [kubeconfig]))
    assert kept(told) == []
    assert [(host.text(path), host.files[path].mode) for path in PATHS] == [(json.dumps(found), 0o600)] * 2  # type: ignore[union-attr]
    assert raise_errors(run(finished, [kubeconfig])).changes == {}


def test_reset_removes_from_a_master_what_is_this_clusters_and_nothing_from_nodes(finished: FakeCluster):
    put(finished, made("ca", "kubernetes-admin", issue=2))
    on_node = put(finished, finished.hosts["m1"].text(ADMIN_CONF), host="n1")
    for is_dry in (True, False):
        told = raise_errors(run(finished, RESET, is_dry=is_dry))
        assert {host for host, _ in kept(told)} == {"n1"}
        assert sorted(text.partition(" ")[0] for _, text in kept(told)) == sorted(PATHS)
        assert now(finished, "n1") == on_node
    assert now(finished) == [None, None]


@pytest.mark.parametrize("case", ["of another cluster", "merged", "broken", "large"])
def test_reset_leaves_others_on_masters_and_names_them(finished: FakeCluster, case: str):
    text, _ = foreign(finished)[case]
    before = put(finished, text)
    told = raise_errors(run(finished, RESET))
    assert [host for host, _ in kept(told)] == ["m1", "m1"]
    assert now(finished) == before
    assert not any(
        path in str(e.commands) for e in told.of(Changed) if isinstance(e, Changed) for path in PATHS
    )
    assert raise_errors(run(finished, RESET)).changes == {}
    assert now(finished) == before


def test_a_restore_after_that_keeps_what_the_owner_has_put_there_meanwhile(finished: FakeCluster):
    before = put(finished, merged(finished))
    raise_errors(run(finished, UP))
    run(finished, RESET_WITH_OS)
    assert now(finished) == before


def test_a_restore_brings_back_an_own_one_that_up_has_renewed(finished: FakeCluster):
    host = finished.hosts["m1"]
    for path in [path for path in host.files if ".kube/config" in path]:
        del host.files[path]
    before = put(finished, made("ca", "kubernetes-admin", issue=2))
    raise_errors(run(finished, [kubeconfig]))
    assert now(finished) != before
    raise_errors(run(finished, RESET_WITH_OS))
    assert now(finished) == before


def test_a_former_master_loses_what_k8sboot_wrote_though_admin_conf_is_gone(finished: FakeCluster):
    del finished.hosts["m1"].files[ADMIN_CONF]
    told = raise_errors(run(finished, RESET))
    assert kept(told) == []
    assert now(finished) == [None, None]


def test_reset_goes_on_over_what_is_no_file(finished: FakeCluster):
    host = finished.hosts["m1"]
    del host.files[PATHS[1]]
    host.not_files.add(PATHS[1])
    told = raise_errors(run(finished, RESET))
    assert [(text.partition(" ")[0], "cannot be read" in text) for _, text in kept(told)] == [
        (PATHS[1], True)
    ]
    assert run(finished, RESET).errors == {}
