from __future__ import annotations

import pytest
from fake_systems import CENTOS_BASE
from inventories import spec

from k8sboot.inventory.model import ClusterSettings
from k8sboot.inventory.os_settings import OsSettings, Repository
from k8sboot.osfamily.family import named_for
from k8sboot.osfamily.mirrors import DOCKER, KUBERNETES
from k8sboot.osfamily.rhel_repositories import FINGERPRINTS, System, presets, retired

MIRRORS = tuple(KUBERNETES)


def found(version="v1.23.17", *, mirror="aliyun", os_id="centos", major="7", arch="x86_64", **files):
    asked = spec(cluster=ClusterSettings(kubernetes_version=version), os=OsSettings(mirror=mirror))
    return presets(asked, System(os_id, major, arch, files))


@pytest.mark.parametrize("mirror", MIRRORS)
def test_centos_7_gets_the_runbooks_repositories(mirror):
    names = ("base", "updates", "extras", "epel", "docker", "kubernetes")
    sources = found(mirror=mirror)
    assert tuple(sources) == names
    assert all(source.keys and source.url.startswith("https://") for source in sources.values())
    assert sources["docker"].url.endswith("/linux/centos/7/x86_64/stable")
    assert sources["docker"].fingerprints == {FINGERPRINTS["docker"]}


@pytest.mark.parametrize(("os_id", "major"), [("rocky", "9"), ("almalinux", "8"), ("rhel", "8")])
def test_others_keep_their_own_and_get_dockers_and_kubernetes(os_id, major):
    sources = found("v1.28.15", os_id=os_id, major=major)
    assert tuple(sources) == ("docker", "kubernetes")
    folder = "rhel" if os_id == "rhel" else "centos"
    assert f"/linux/{folder}/{major}/x86_64/stable" in sources["docker"].url
    assert sources["docker"].keys[0].endswith(f"/linux/{folder}/gpg")


def test_redhat_gets_old_docker_from_the_folder_that_has_it():
    assert "/linux/centos/8/" in found("v1.23.17", os_id="rhel", major="8")["docker"].url


@pytest.mark.parametrize("major", ["8", "9"])
def test_a_redhat_host_that_uses_the_folder_of_centos_keeps_it(major):
    before = f"baseurl={DOCKER['aliyun']}/linux/centos/{major}/x86_64/stable\n"
    assert "/linux/centos/" in found("v1.28.15", os_id="rhel", major=major, docker=before)["docker"].url


def test_redhat_7_has_a_base_of_its_own():
    assert "base" not in found(os_id="rhel")
    assert "epel" in found(os_id="rhel")


@pytest.mark.parametrize("mirror", MIRRORS)
def test_every_minor_from_1_24_on_has_its_own_repository_and_a_pinned_key(mirror):
    source = found("v1.30.14", mirror=mirror)["kubernetes"]
    assert source.url.startswith(KUBERNETES[mirror])
    assert source.url.endswith("/v1.30/rpm")
    assert source.keys == (f"{source.url}/repodata/repomd.xml.key",)
    assert source.fingerprints == {FINGERPRINTS["kubernetes"]}


def test_fedora_and_other_processors_have_paths_of_their_own():
    assert "/linux/fedora/40/" in found(os_id="fedora", major="40")["docker"].url
    assert "/altarch/7.9.2009/os/aarch64" in found(arch="aarch64")["base"].url


def test_fingerprints_are_fingerprints():
    assert all(len(f) == 40 and set(f) <= set("0123456789ABCDEF") for f in FINGERPRINTS.values())
    assert len(set(FINGERPRINTS.values())) == len(FINGERPRINTS)


def test_dead_repositories_are_switched_off_and_others_left():
    mine = "\n[mine]\nname=Mine\nbaseurl=http://mirror.lan/\nenabled=1\n"
    sections = dict(retired(CENTOS_BASE + mine) or [])
    assert ("enabled", "0") in sections["base"]
    assert sections["mine"] == [("name", "Mine"), ("baseurl", "http://mirror.lan/"), ("enabled", "1")]
    assert [key for key, _ in sections["base"]].count("enabled") == 1


def test_a_file_whose_repositories_are_all_off_or_alive_is_left_alone():
    off = CENTOS_BASE.replace("gpgcheck=1\ngpgkey", "gpgcheck=1\nenabled=0\ngpgkey")
    assert retired(off) is None
    assert retired("[mine]\nbaseurl=http://mirror.lan/\n") is None
    assert retired("no repository file\n") is None


def test_repositories_may_be_named_for_one_family():
    named = {
        name: Repository(f"http://{name}") for name in ("docker", "rhel.docker", "debian.own", "rhel.a.b")
    }
    wanted = OsSettings(repositories=named)
    assert {n: s.url for n, s in named_for(wanted, "rhel").items()} == {
        "docker": "http://rhel.docker", "a.b": "http://rhel.a.b"
    }  # fmt: skip
    assert {n: s.url for n, s in named_for(wanted, "debian").items()} == {
        "docker": "http://docker", "own": "http://debian.own"
    }  # fmt: skip
