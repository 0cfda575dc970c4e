"""Rows 1 to 9 of the source runbook's mistakes: systems, packages. Each test is of the right behaviour."""

from __future__ import annotations

import shlex

import pytest
from fake_state import FakeUnit
from fake_systems import KEYS, MIRROR
from fake_yum import LOCK_LIST
from inventories import spec
from runs import raise_errors, run

from k8sboot import ensure
from k8sboot.inventory.model import ClusterSettings
from k8sboot.inventory.os_settings import OsSettings
from k8sboot.kubernetes.interfaces import UNMANAGED
from k8sboot.osfamily import rhel_repositories as places
from k8sboot.paths import UNMANAGED_INTERFACES
from k8sboot.phases.os_prep import NETWORK_MANAGER
from k8sboot.runbook import UP


def test_runbook_01_networkmanager_is_kept_where_nothing_else_raises_the_link(finished):
    host = finished.hosts["n1"]
    manager = host.units[NETWORK_MANAGER]
    assert (manager.active, manager.enabled, manager.restarts) == ("active", "enabled", 0)
    text = host.text(UNMANAGED_INTERFACES)
    assert {"cali*", "tunl*", "vxlan.calico", "kube-ipvs0"} <= set(UNMANAGED)
    assert all(f"interface-name:{name}" in text for name in UNMANAGED)
    assert f"systemctl reload {NETWORK_MANAGER}" in host.events


def test_runbook_01_networkmanager_leaves_the_boot_where_network_raises_the_link(finished):
    host = finished.hosts["n1"]
    host.answers["network-raises-links"] = ""
    assert raise_errors(run(finished, UP)).changes == {"n1": [f"disable {NETWORK_MANAGER} for the next boot"]}
    assert host.units[NETWORK_MANAGER].active == "active", "it holds the DHCP lease until then"
    assert raise_errors(run(finished, UP)).changes == {}


@pytest.mark.parametrize("mode", ["enforcing", "permissive", "disabled"])
def test_runbook_02_selinux_is_permissive_whatever_the_line_said(bench, mode):
    path = "/etc/selinux/config"
    it = bench(files={path: f"SELINUX={mode}\n"}, facts={"selinux": mode.capitalize()})
    it.do(ensure.selinux, "permissive")
    assert it.connection.text(path) == (
        "SELINUX=disabled\n" if mode == "disabled" else "SELINUX=permissive\n"
    )
    asked = [line for line in it.connection.commands if line.startswith("setenforce")]
    assert asked == (["setenforce 0"] if mode == "enforcing" else []), "it fails where SELinux is disabled"


def test_runbook_03_swap_is_off_now_at_boot_and_verified(finished, centos):
    for host in finished.hosts.values():
        assert host.text("/etc/fstab").startswith("#k8sboot-swap-off# /dev/sda2")
        assert "vm.swappiness = 0" in host.text("/etc/sysctl.d/90-k8sboot.conf")
    bare = centos()
    stubborn = bare.hosts["n1"]
    stubborn.put("/proc/swaps", "Filename Type Size Used Priority\n/dev/zram0 partition 1 0 100\n")
    stubborn.answers["swapoff"] = ""
    stubborn.units.update({"swap.target": FakeUnit(), "zramswap.service": FakeUnit("active", "enabled")})
    told = run(bare, UP)
    assert "/dev/zram0" in told.report.errors["n1"].why
    assert "systemctl mask swap.target" in stubborn.commands
    assert stubborn.units["zramswap.service"].enabled == "disabled"


def test_runbook_04_a_second_run_appends_nothing(finished):
    files = ("/etc/hosts", "/etc/security/limits.d/90-k8sboot.conf", "/etc/modules-load.d/k8sboot.conf")
    before = [finished.hosts["n1"].text(path) for path in files]
    finished.hosts["n1"].put("/etc/hosts", before[0] + "10.9.9.9 mine\n")
    raise_errors(run(finished, UP))
    after = [finished.hosts["n1"].text(path) for path in files]
    assert after == [before[0] + "10.9.9.9 mine\n", *before[1:]]
    assert after[0].count(" n2\n") == 1
    others = ("/etc/security/limits.conf", "/etc/modules-load.d/ipvs.conf", "/var/spool/cron/root")
    assert not [path for path in others if path in finished.hosts["n1"].files], "somebody else's files"


def test_runbook_05_every_machine_has_its_name_and_clones_are_refused(finished, centos):
    for name, host in finished.hosts.items():
        assert host.facts["hostname"] == name
        assert host.text("/etc/hostname") == f"{name}\n"
    bare = centos()
    for name in ("n1", "n2"):
        bare.hosts[name].put("/etc/machine-id", "cloned\n")
    told = run(bare, UP)
    assert told.errors == {"n1": "KB-PREFLIGHT", "n2": "KB-PREFLIGHT"}
    assert "machine-id cloned is also that of n2" in told.report.errors["n1"].what
    assert bare.hosts["n1"].mutations == []


@pytest.mark.parametrize("mirror", ["upstream", "aliyun", "ustc", "tuna"])
def test_runbook_06_centos_comes_from_archives(mirror):
    asked = spec(os=OsSettings(mirror=mirror))
    found = places.presets(asked, places.System("centos", "7", "x86_64"))
    for name in ("base", "updates", "extras"):
        assert "vault" in found[name].url
        assert "/7.9.2009/" in found[name].url
        assert found[name].fingerprints
    assert "archive" in found["epel"].url
    assert not [s.url for s in found.values() if any(gone in s.url for gone in places.GONE)]


def test_runbook_06_dead_repositories_are_off_their_files_kept_and_no_error_page_is_saved(finished, centos):
    path = "/etc/yum.repos.d/CentOS-Base.repo"
    host = finished.hosts["n1"]
    assert "enabled=0" in host.text(path)
    assert "enabled=1" not in host.text(path)
    assert b"mirrorlist.centos.org" in host.originals[path].content
    assert not any("epel-release" in line for line in host.commands)
    bare = centos()
    page = f"{MIRROR}/docker/repodata/repomd.xml"
    bare.hosts["n1"].web[page] = "<html>Not what you wanted</html>"
    told = run(bare, UP)
    assert told.errors == {"n1": "KB-REPOSITORY"}
    assert page in told.report.errors["n1"].what
    assert "/etc/yum.repos.d/k8sboot-docker.repo" not in bare.hosts["n1"].files


def test_runbook_07_one_kubernetes_repository_with_signed_packages_that_el7_can_check(finished):
    for host in finished.hosts.values():
        named = [p for p in host.files if p.startswith("/etc/yum.repos.d/") and "kubernetes" in p]
        assert named == ["/etc/yum.repos.d/k8sboot-kubernetes.repo"]
        lines = host.text(named[0]).splitlines()
        assert [line for line in lines if "gpgcheck" in line] == ["gpgcheck=1", "repo_gpgcheck=0"]
        assert host.text("/etc/pki/rpm-gpg/k8sboot-kubernetes") == KEYS[f"{MIRROR}/kubernetes.asc"]


@pytest.mark.parametrize(
    ("version", "layout"), [("v1.23.17", "kubernetes-el7-x86_64"), ("v1.28.15", "/v1.28/rpm")]
)
def test_runbook_07_the_layout_follows_the_version(version, layout):
    asked = spec(cluster=ClusterSettings(kubernetes_version=version))
    found = places.presets(asked, places.System("centos", "7", "x86_64"))
    assert found["kubernetes"].url.endswith(layout)


def test_runbook_08_an_update_spares_the_kernel_and_what_is_locked(centos):
    bare = centos(update=True)
    host = bare.hosts["n1"]
    host.packages.update({"kernel": "0:3.10.0-1", "kernel-tools": "0:3.10.0-1", "bash": "0:4.2-1"})
    host.offered.update({name: (f"{old}9",) for name, old in host.packages.items()})
    raise_errors(run(bare, UP))
    assert any("'--exclude=kernel*' update" in line for line in host.commands), "no glob for the shell"
    assert host.packages["bash"] == "0:4.2-19"
    assert host.packages["kernel"] == host.packages["kernel-tools"] == "0:3.10.0-1"
    for name in ("kubelet", "docker-ce"):
        host.offered[name] = ("9:99-1", *host.offered[name])
    before = dict(host.packages)
    assert raise_errors(run(bare, UP)).changes == {}
    assert host.packages == before


def test_runbook_09_every_machine_has_the_same_exact_packages_locked(finished):
    names = ("docker-ce", "docker-ce-cli", "containerd.io", "kubeadm", "kubelet")
    first = {name: finished.hosts["m1"].packages[name] for name in names}
    assert first["docker-ce"].startswith("3:20.10.24-")
    assert first["kubeadm"] == first["kubelet"] == "0:1.23.17-0", "not the newest of 1.23"
    for host in finished.hosts.values():
        assert {name: host.packages[name] for name in names} == first
        assert "containerd" not in host.packages
        assert all(any(f":{name}-" in line for line in host.text(LOCK_LIST).splitlines()) for name in names)
        installs = [shlex.split(line) for line in host.events if " install " in line]
        assert not [word for words in installs for word in words if "*" in word]
