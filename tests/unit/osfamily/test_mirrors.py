"""Repositories of both families by mirror and release, and what the inventory and the host's own files make of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_yum import EL9
from inventories import saying, spec
from keys import FINGERPRINT, KEY

from k8sboot import ensure, osfamily
from k8sboot.inventory.model import ClusterSettings
from k8sboot.inventory.os_settings import OsSettings, Repository
from k8sboot.osfamily import mirrors

DOCKERS = ("docker-ce", "docker-ce-cli", "containerd.io")
LIST, REPO = "/etc/apt/sources.list.d/k8sboot-{}.list", "/etc/yum.repos.d/k8sboot-{}.repo"
OS_RELEASE = {
    "ubuntu": 'ID=ubuntu\nID_LIKE=debian\nVERSION_ID="26.04"\nVERSION_CODENAME=resolute\n',
    "debian": 'ID=debian\nVERSION_ID="13"\nVERSION_CODENAME=trixie\n',
    "mint": 'ID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_ID="22"\nVERSION_CODENAME=wilma\n',
    "el9": EL9,
}
DEBS = {
    "upstream": "https://pkgs.k8s.io/core:/stable:/v1.37/deb",
    "aliyun": "https://mirrors.aliyun.com/kubernetes-new/core/stable/v1.37/deb",
    "ustc": "https://mirrors.ustc.edu.cn/kubernetes/core:/stable:/v1.37/deb",
    "tuna": "https://mirrors.tuna.tsinghua.edu.cn/kubernetes/core:/stable:/v1.37/deb",
}


def asked(version="v1.37.2", **settings):
    cluster, os = ClusterSettings(kubernetes_version=version), OsSettings(**settings)
    return saying(spec(cluster=cluster, os=os), "mirror")


def silent(wanted):
    """An inventory that sets no mirror, and gets this one by default."""
    return replace(wanted, said=frozenset())


def found(bench, wanted, system="debian", packages=DOCKERS, **files):
    it = bench(files={"/etc/os-release": OS_RELEASE[system], **files})
    return osfamily.of(it.host()).repositories(it.host(), wanted, packages)


@pytest.mark.parametrize("mirror", DEBS)
def test_from_1_24_on_each_minor_has_a_flat_repository(bench, mirror):
    source = found(bench, asked(mirror=mirror))["kubernetes"]
    assert (source.url, source.suite, source.components) == (DEBS[mirror], "/", ())
    assert source.keys == (f"{DEBS[mirror]}/Release.key",)
    assert source.fingerprints == {"DE15B14486CD377B9E876E1A234654DA9A296436"}
    assert source.offers == f"Kubernetes 1.37, mirror {mirror}"


@pytest.mark.parametrize("version", ["v1.24.17", "v1.27.16", "v1.33.13"])
def test_a_renewed_key_is_looked_for_in_the_newest_minors(bench, version):
    base = "https://pkgs.k8s.io/core:/stable:"
    assert found(bench, asked(version))["kubernetes"].key_copies == tuple(
        f"{base}/v1.{minor}/deb/Release.key" for minor in (37, 36, 35, 34)
    )
    assert found(bench, asked(version), "el9")["kubernetes"].key_copies == tuple(
        f"{base}/v1.{minor}/rpm/repodata/repomd.xml.key" for minor in (37, 36, 35, 34)
    )
    assert found(bench, asked())["kubernetes"].key_copies == ()


@pytest.mark.parametrize("system", ["debian", "el9"])
def test_up_to_1_23_everything_is_as_before(bench, system):
    sources = found(bench, asked("v1.23.17", mirror="aliyun"), system)
    assert "mirrors.aliyun.com/kubernetes/" in sources["kubernetes"].url
    assert sources["kubernetes"].fingerprints == frozenset()
    assert all(source.ignores_expiry for source in sources.values())
    assert not any(source.ignores_expiry for source in found(bench, asked(), system).values())


def test_the_list_of_a_flat_repository_is_written_and_read_again(bench):
    it = bench(web={"https://own/key": KEY})
    own = {"kubernetes": Repository("https://own/v1.37/deb/", key="https://own/key", fingerprint=FINGERPRINT)}
    for suite, line in (("", "https://own/v1.37/deb/ /"), ("./", "https://own/v1.37/deb/ ./")):
        own["kubernetes"] = Repository(own["kubernetes"].url, "https://own/key", FINGERPRINT, suite=suite)
        sources = osfamily.of(it.host()).repositories(it.host(), asked(repositories=own), ())
        it.do(ensure.repository, "kubernetes", sources["kubernetes"])
        text = it.connection.text(LIST.format("kubernetes"))
        assert text.endswith(f"deb [signed-by=/etc/apt/keyrings/k8sboot-kubernetes.gpg] {line}\n")
        assert it.do(ensure.repository, "kubernetes", sources["kubernetes"]) == []


def test_an_own_repository_up_to_1_23_keeps_its_suite(bench):
    own = {"kubernetes": Repository("https://own/apt", key="https://own/key", fingerprint=FINGERPRINT)}
    assert found(bench, asked("v1.23.17", repositories=own))["kubernetes"].suite == ""


def test_an_own_repository_with_components_is_not_flat(bench):
    own = {"kubernetes": Repository("https://own/apt", components=("main",))}
    it = bench(files={"/etc/os-release": OS_RELEASE["debian"]})
    family = osfamily.of(it.host())
    source = family.repositories(it.host(), asked(repositories=own), ())["kubernetes"]
    text = family.repository_file(it.host(), "kubernetes", source).content
    assert text.endswith("https://own/apt kubernetes-xenial main\n")


THEIRS = "deb [signed-by=/etc/apt/keyrings/kubernetes-apt-keyring.gpg] https://pkgs.k8s.io/core:/stable:/{}/deb/ /\n"


@pytest.mark.parametrize(("minor", "is_used"), [("v1.37", True), ("v1.36", False)])
def test_a_flat_entry_that_kubernetes_own_instructions_made_is_used(bench, minor, is_used):
    it = bench(files={"/etc/apt/sources.list.d/kubernetes.list": THEIRS.format(minor)})
    it.connection.web[f"{DEBS['upstream']}/Release.key"] = KEY
    source = osfamily.of(it.host()).repositories(it.host(), asked(), ())["kubernetes"]
    found = osfamily.of(it.host()).existing(it.host(), "kubernetes", source)
    assert (found is not None and found.is_enough) == is_used


@pytest.mark.parametrize(
    ("packages", "is_there"),
    [
        (DOCKERS, True),
        (("containerd.io",), True),
        (("docker-ce",), True),
        (("containerd", "runc"), False),
        (("docker.io",), False),
    ],
)
@pytest.mark.parametrize("system", ["debian", "el9"])
def test_dockers_repository_is_set_up_only_for_its_packages(bench, system, packages, is_there):
    assert ("docker" in found(bench, asked(), system, packages)) == is_there
    own = asked(repositories={"docker": Repository("https://own/docker")})
    assert "docker" in found(bench, own, system, packages), "the inventory's own is always set up"


@pytest.mark.parametrize(
    ("system", "place"),
    [("ubuntu", "linux/ubuntu"), ("debian", "linux/debian"), ("mint", "linux/ubuntu")],
)
@pytest.mark.parametrize("mirror", mirrors.DOCKER)
def test_docker_has_a_folder_for_debian_and_one_for_ubuntu(bench, system, place, mirror):
    source = found(bench, asked(mirror=mirror), system)["docker"]
    assert source.url == f"{mirrors.DOCKER[mirror]}/{place}"
    assert source.keys == (f"{mirrors.DOCKER[mirror]}/{place}/gpg",)


OURS = {
    "debian": {
        LIST.format("docker"): "deb https://mirrors.aliyun.com/docker-ce/linux/debian bookworm stable\n"
    },
    "el9": {
        REPO.format("docker"): "baseurl=https://mirrors.aliyun.com/docker-ce/linux/centos/9/x86_64/stable\n"
    },
}


@pytest.mark.parametrize("system", OURS)
def test_a_host_keeps_its_mirror_unless_the_inventory_sets_one(bench, system):
    files = OURS[system]
    said, unsaid = asked(), silent(asked())
    assert "mirrors.aliyun.com" in found(bench, unsaid, system, **files)["docker"].url
    assert "download.docker.com" in found(bench, unsaid, system)["docker"].url
    assert "download.docker.com" in found(bench, said, system, **files)["docker"].url


def test_another_minor_moves_the_repository_and_not_the_mirror(bench):
    ours = {LIST.format("kubernetes"): f"deb {DEBS['tuna'].replace('1.37', '1.36')} /\n"}
    assert found(bench, silent(asked()), **ours)["kubernetes"].url == DEBS["tuna"]
