"""What an inventory has that says little: by the release of Kubernetes, and nothing else that is said is overruled."""

from __future__ import annotations

import pytest

from k8sboot.inventory.keys import inventory as declared
from k8sboot.kubernetes.calico import MANIFEST_SHA256
from k8sboot.kubernetes.calico_releases import CALICO
from k8sboot.kubernetes.release_table import RELEASES
from k8sboot.kubernetes.releases import calico_default
from k8sboot.osfamily import mirrors


def of(inventory, version, text=""):
    return inventory(f"cluster: {{kubernetesVersion: {version}}}\n{text}")


@pytest.mark.parametrize("row", RELEASES, ids=lambda row: row.name)
def test_every_release_has_defaults_that_fit_it(inventory, row):
    loaded = of(inventory, row.newest)
    codes = [each.code for each in loaded.warnings]
    assert codes == (["KB-CALICO-VERSION"] if row.minor < 22 else []), "as it always was, with 1.19 to 1.21"
    spec = loaded.spec
    assert spec.runtime.name == ("docker" if row.minor < 24 else "containerd")
    assert spec.proxy_mode == ("ipvs" if row.minor < 24 else "iptables")
    assert spec.runtime.installed[-1] == "containerd.io"


@pytest.mark.parametrize("row", RELEASES, ids=lambda row: row.name)
def test_calicos_default_is_a_whole_version_whose_digest_is_known_but_for_the_newest(row):
    version = calico_default(row)
    assert version in MANIFEST_SHA256 or version == f"v3.{max(CALICO)}.0"


def test_the_runbooks_release_has_the_runbooks_defaults(inventory):
    spec = of(inventory, "v1.23.17").spec
    assert (spec.runtime.name, spec.calico.version, spec.kube_proxy.mode) == ("docker", "v3.25.2", "ipvs")


def test_what_is_said_is_not_overruled(inventory):
    said = "runtime: {name: containerd}\nkubeProxy: {mode: iptables}\ncalico: {version: v3.24.6}\n"
    spec = of(inventory, "v1.23.17", said).spec
    assert (spec.runtime.name, spec.proxy_mode) == ("containerd", "iptables")
    assert spec.calico.version == "v3.24.6"
    modern = of(inventory, "v1.37.2", "kubeProxy: {mode: ipvs}\ncalico: {version: v3.32.1}\n").spec
    assert (modern.proxy_mode, modern.calico.version) == ("ipvs", "v3.32.1")


def test_a_default_is_not_said(inventory):
    assert of(inventory, "v1.37.2").spec.said == {"cluster.kubernetesVersion", "masters", "nodes"}


ALIYUN = "registry.cn-hangzhou.aliyuncs.com/google_containers"
OWN = "registry.example.com/k8s"
CLUSTER = "cluster: {kubernetesVersion: v1.37.2}\n"
OWN_IMAGES = f"cluster: {{kubernetesVersion: v1.37.2, imageRepository: {OWN}}}\n"


@pytest.mark.parametrize(
    ("text", "packages", "images"),
    [
        (CLUSTER, "upstream", "registry.k8s.io"),
        (f"{CLUSTER}mirror: upstream\n", "upstream", "registry.k8s.io"),
        (f"{CLUSTER}mirror: aliyun\n", "aliyun", ALIYUN),
        (f"{CLUSTER}mirror: ustc\n", "ustc", "registry.k8s.io"),
        (f"{CLUSTER}mirror: tuna\n", "tuna", "registry.k8s.io"),
        (f"{OWN_IMAGES}mirror: aliyun\n", "aliyun", OWN),
        (f"{CLUSTER}mirror: aliyun\nos: {{mirror: tuna}}\n", "tuna", ALIYUN),
        (f"{CLUSTER}os: {{mirror: aliyun}}\n", "aliyun", "registry.k8s.io"),
    ],
)
def test_a_mirror_has_packages_and_images_and_each_can_be_said_alone(inventory, text, packages, images):
    spec = inventory(text).spec
    assert (mirrors.mirror_of(spec), spec.cluster.image_repository) == (packages, images)
    assert mirrors.says_mirror(spec) == ("mirror:" in text)


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("os: {mirror: tuna}\n", "replace it by `mirror: tuna`"),
        (
            "os: {mirror: aliyun}\n",
            "replace it by `mirror: aliyun`; to keep the images, set `cluster: {imageRepository: registry.k8s.io}` "
            "as well",
        ),
        (
            "mirror: aliyun\nos: {mirror: tuna}\n",
            f"replace it by `mirror: tuna`; to keep the images, set `cluster: {{imageRepository: {ALIYUN}}}` as well",
        ),
    ],
)
def test_the_older_form_is_told_with_the_lines_that_mean_the_same(inventory, text, fix):
    loaded = of(inventory, "v1.37.2", text)
    assert [(each.code, each.suggestion) for each in loaded.warnings] == [("KB-OLDER-FORM", fix)]
    images = f", imageRepository: {loaded.spec.cluster.image_repository}"
    new = "tuna" if "tuna" in text else "aliyun"
    same = inventory(f"cluster: {{kubernetesVersion: v1.37.2{images}}}\nmirror: {new}\n")
    assert same.warnings == ()
    assert same.spec.os == loaded.spec.os
    assert same.spec.cluster == loaded.spec.cluster


@pytest.mark.parametrize(
    "text", [f"{OWN_IMAGES}os: {{mirror: aliyun}}\n", f"{CLUSTER}mirror: tuna\nos: {{mirror: tuna}}\n"]
)
def test_no_more_is_told_than_needed(inventory, text):
    told = [each.suggestion for each in inventory(text).warnings]
    assert told == ([] if "tuna" in text else ["replace it by `mirror: aliyun`"])


def test_the_help_of_a_default_that_depends_says_so():
    for section, key in (("runtime", "name"), ("calico", "version"), ("kubeProxy", "mode")):
        assert "Default:" in declared().keys[section].kind.keys[key].help
