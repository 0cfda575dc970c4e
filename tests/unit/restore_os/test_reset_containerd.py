"""`reset` of a cluster on containerd: its Pods, its socket, and what is left of k8sboot's files there."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_cluster import FakeCluster, copied
from fake_state import FakeFile
from fake_systems import debian
from inventories import saying, spec
from restored import restore, state
from runs import raise_errors, run

from k8sboot.inventory.runtime_settings import Registry, RuntimeSettings
from k8sboot.runbook import RESET, UP
from k8sboot.secret import Secret

pytestmark = pytest.mark.usefixtures("clock")
CONFIG = "/etc/containerd/config.toml"
SOCKET = "unix:///run/containerd/containerd.sock"
POD = "0f3c2b1a-7a1e-4d2b-9d70-1c2d3e4f5a6b"
OWN = b'version = 2\n\n[debug]\n  level = "warn"\n'
OURS = (CONFIG, "/etc/crictl.yaml", "/etc/containerd/certs.d/a.lan/hosts.toml")


def with_own_settings():
    """A host whose operator had configured containerd."""
    made = debian()
    made["files"][CONFIG] = FakeFile(OWN, mode=0o640, owner="root:adm")
    return made


@pytest.fixture(scope="module")
def brought_up():
    registries = {"a.lan": Registry(mirrors=("https://m.lan",), user="u", password=Secret("p4ssw0rd"))}
    settings = RuntimeSettings(
        name="containerd", packages=("containerd",), version="1.7", registries=registries
    )
    wanted = saying(spec(runtime=settings), "runtime.name", "runtime.packages", "runtime.version")
    wanted = replace(wanted, nodes=wanted.nodes[:1])
    cluster = FakeCluster(wanted, n1=with_own_settings)
    raise_errors(run(cluster, UP))
    return cluster


@pytest.fixture
def cluster(brought_up):
    return copied(brought_up)


def test_kubeadm_is_given_containerds_socket_and_the_pods_of_volumes_are_stopped_by_crictl(cluster):
    host = cluster.hosts["n1"]
    host.mounts[f"/var/lib/kubelet/pods/{POD}/volumes/x/data"] = "ext4 /dev/sdb1"
    host.events.clear()
    raise_errors(run(cluster, RESET))
    assert any(f"kubeadm reset --force --cri-socket {SOCKET}" in line for line in host.events)
    (stopped,) = [line for line in host.events if line.endswith(f"stop-pods {POD}")]
    assert "crictl" in stopped
    assert "docker" not in stopped


def test_a_plain_reset_leaves_containerd_and_a_second_one_alters_nothing(cluster):
    raise_errors(run(cluster, RESET))
    for host in cluster.hosts.values():
        assert not [path for path in host.files if path.startswith("/etc/kubernetes/")]
        assert set(OURS) <= set(host.files)
        assert host.units["containerd.service"].active == "active"
    assert raise_errors(run(cluster, RESET)).changes == {}


@pytest.mark.parametrize(("name", "system"), [("m1", debian), ("n1", with_own_settings)])
def test_with_the_os_every_file_of_containerd_is_as_before(cluster, name, system):
    raise_errors(restore(cluster))
    before = FakeCluster(cluster.spec, **{name: system}).hosts[name]
    found, wanted = state(cluster.hosts[name], before), state(before, before)
    about = [path for path in {*found, *wanted} if "containerd" in path or "crictl" in path]
    assert {path: found.get(path) for path in about} == {path: wanted.get(path) for path in about}
    assert raise_errors(restore(cluster)).changes == {}


def test_up_after_a_reset_joins_again_with_the_same_files(cluster):
    before = {name: {path: host.files[path] for path in OURS} for name, host in cluster.hosts.items()}
    raise_errors(run(cluster, RESET))
    raise_errors(run(cluster, UP))
    assert sorted(cluster.members) == ["m1", "n1"]
    assert before == {name: {path: host.files[path] for path in OURS} for name, host in cluster.hosts.items()}


def test_the_login_of_a_registry_is_in_no_command(cluster):
    login = cluster.spec.runtime.registries["a.lan"].basic_login
    for host in cluster.hosts.values():
        assert not [line for line in host.commands if login in line or "p4ssw0rd" in line]
        assert host.files[OURS[2]].mode == 0o600
