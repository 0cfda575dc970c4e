"""`up` on CentOS 7.9, and on both families at once."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
from fake_cluster import FakeCluster
from fake_systems import MIRRORED, NAMES, el7
from fake_yum import LOCK_LIST
from inventories import spec
from runs import mutations, raise_errors, run

from k8sboot.inventory.os_settings import OsSettings
from k8sboot.paths import PACKAGE_VERSIONS
from k8sboot.runbook import UP

pytestmark = pytest.mark.usefixtures("clock")

DOCKER, KUBELET = "3:20.10.24-3.el7", "0:1.23.17-0"


def cluster(**settings) -> FakeCluster:
    wanted = spec(os=OsSettings(**{"repositories": MIRRORED, **settings}))
    return FakeCluster(wanted, m1=el7, n1=el7, n2=el7)


@pytest.fixture(scope="module")
def made() -> FakeCluster:
    it = cluster()
    raise_errors(run(it, UP))
    return it


@pytest.fixture
def finished(made: FakeCluster) -> FakeCluster:
    return copy.deepcopy(made)


def test_up_makes_a_cluster_of_bare_centos(finished: FakeCluster):
    assert sorted(finished.members) == ["m1", "n1", "n2"]
    for host in finished.hosts.values():
        assert host.packages["docker-ce"] == DOCKER
        assert host.packages["docker-ce-cli"] == "1:20.10.24-3.el7"
        assert host.packages["kubelet"] == KUBELET
        assert f"{DOCKER[:2]}docker-ce-20.10.24-3.el7.*" in host.text(LOCK_LIST)
        assert host.units["docker.service"].enabled == "enabled"
        assert "--node-ip=" in host.text("/etc/sysconfig/kubelet")
        assert host.facts["selinux"] == "Permissive"
    assert "kubectl" in finished.hosts["m1"].packages
    assert "kubectl" not in finished.hosts["n1"].packages


def test_a_second_up_alters_nothing_and_asks_little(finished: FakeCluster):
    assert raise_errors(run(finished, UP)).changes == {}
    assert mutations(finished) == {}
    assert finished.hosts["n1"].runs == ["probe", "ask", "ask"], (
        "who holds the lock, and the tool that was not there"
    )


def test_a_tool_that_no_repository_has_is_a_notice():
    told = raise_errors(run(cluster(), UP))
    assert told.codes.count("KB-PACKAGE-ABSENT") == 3


def test_a_dry_run_on_bare_centos_plans_to_the_end_and_alters_nothing():
    it = cluster()
    told = run(it, UP, is_dry=True)
    assert told.errors == {}
    assert mutations(it) == {}
    assert "kubeadm init" in told.changes["m1"]
    assert any(what.startswith("install docker-ce-*20.10*") for what in told.changes["n1"])


def test_a_newer_docker_in_the_repository_does_not_part_a_new_node_from_the_others(finished: FakeCluster):
    host = finished.hosts["n1"]
    del host.packages["docker-ce"]
    host.put(LOCK_LIST, "")
    for each in finished.hosts.values():
        each.offered["docker-ce"] = ("3:20.10.99-3.el7", *each.offered["docker-ce"])
    raise_errors(run(finished, UP))
    assert host.packages["docker-ce"] == DOCKER
    assert all(each.packages["docker-ce"] == DOCKER for each in finished.hosts.values())


def test_a_host_that_is_not_offered_the_chosen_version_is_refused():
    it = cluster()
    it.hosts["n1"].offered["docker-ce"] = ("3:20.10.23-3.el7",)
    told = run(it, UP)
    assert told.errors == {"n1": "KB-PACKAGE-MISSING"}
    error = told.report.errors["n1"]
    assert f"docker-ce =={DOCKER} (available: 3:20.10.23-3.el7)" in error.what
    assert "first master" in error.why
    assert "docker-ce" not in it.hosts["n1"].packages


def test_a_host_with_a_newer_docker_is_brought_to_the_chosen_one_if_that_is_allowed(finished: FakeCluster):
    host = finished.hosts["n1"]
    host.packages["docker-ce"] = "3:26.1.4-1.el7"
    host.put(LOCK_LIST, "3:docker-ce-26.1.4-1.el7.*\n")
    told = run(finished, UP)
    assert told.errors == {"n1": "KB-PACKAGE-DOWNGRADE"}
    assert told.changes == {}
    assert host.packages["docker-ce"] == "3:26.1.4-1.el7"
    finished.spec = replace(finished.spec, runtime=replace(finished.spec.runtime, allow_downgrade=True))
    told = raise_errors(run(finished, UP))
    assert list(told.changes) == ["n1"]
    assert f"install docker-ce-{DOCKER}" in told.changes["n1"]
    assert host.packages["docker-ce"] == DOCKER
    assert "26.1.4" not in host.text(LOCK_LIST)


def test_without_the_plugin_excludes_hold_the_packages():
    it = cluster()
    for host in it.hosts.values():
        del host.offered["yum-plugin-versionlock"]
    raise_errors(run(it, UP))
    for host in it.hosts.values():
        assert not any("versionlock add" in line for line in host.commands)
        assert "exclude=kubeadm kubelet kubectl\n" in host.text("/etc/yum.repos.d/k8sboot-kubernetes.repo")
        assert "exclude=docker-ce docker-ce-cli containerd.io\n" in host.text(
            "/etc/yum.repos.d/k8sboot-docker.repo"
        )
    assert raise_errors(run(it, UP)).changes == {}


def test_update_moves_everything_but_the_kernel_and_what_is_held(made: FakeCluster):
    it = copy.deepcopy(made)
    host = it.hosts["n1"]
    host.packages.update({"kernel": "0:3.10.0-1160.el7", "bash": "0:4.2-1.el7"})
    host.offered.update({"kernel": ("0:3.10.0-1160.119.1.el7",), "bash": ("0:4.2-2.el7",)})
    told = raise_errors(run(it, UP))
    assert told.changes == {}, "only where the inventory wants it"
    it.spec = replace(it.spec, os=replace(it.spec.os, update=True))
    told = raise_errors(run(it, UP))
    assert told.changes == {"n1": ["update 1 packages: bash"]}
    assert raise_errors(run(it, UP)).changes == {}
    assert host.packages["bash"] == "0:4.2-2.el7"
    assert host.packages["kernel"] == "0:3.10.0-1160.el7"
    assert host.packages["docker-ce"] == DOCKER


def test_both_families_make_one_cluster_with_the_same_upstream_versions():
    mixed = {
        "rhel.docker": MIRRORED["docker"],
        "debian.docker": MIRRORED["docker"],
        **{name: MIRRORED[name] for name in NAMES if name != "docker"},
    }
    it = FakeCluster(spec(os=OsSettings(repositories=mixed)), n1=el7)
    raise_errors(run(it, UP))
    assert sorted(it.members) == ["m1", "n1", "n2"]
    assert it.hosts["m1"].packages["docker-ce"] == "5:20.10.24~3-0~debian"
    assert it.hosts["n1"].packages["docker-ce"] == DOCKER
    assert "/etc/apt/sources.list.d/k8sboot-base.list" not in it.hosts["m1"].files
    assert raise_errors(run(it, UP)).changes == {}


def test_versions_are_chosen_anew_only_when_the_inventory_asks_for_others(finished: FakeCluster):
    host = finished.hosts["m1"]
    host.put(PACKAGE_VERSIONS, "nonsense\n")
    assert raise_errors(run(finished, UP)).changes == {"m1": [f"write {PACKAGE_VERSIONS}"]}
