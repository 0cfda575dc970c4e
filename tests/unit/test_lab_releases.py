"""What the lab builds of a current Kubernetes: pinned, and what the table of releases says."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from inventories import spec

from k8sboot.kubernetes import releases
from k8sboot.kubernetes.network_manifest import fitted
from k8sboot.smoke.namespace import image_of

LAB = Path(__file__).parent.parent / "lab"
VERSIONS = json.loads((LAB / "releases.json").read_text())


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(LAB / "mirrors")
    from makers import upstream as module  # noqa: PLC0415

    return module


LOADED = ("build", "current", "labkit", "makers")


@pytest.fixture(autouse=True)
def _forget_makers() -> None:
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] in LOADED]:
        del sys.modules[name]


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """Of the lab's command line, with a state of its own."""
    monkeypatch.syspath_prepend(LAB)
    from labkit import plan as module  # noqa: PLC0415

    monkeypatch.setattr(module, "STATE", tmp_path)
    monkeypatch.setattr(module.locks, "held", lambda name: contextlib.nullcontext())
    return module


def test_every_version_has_its_modules_and_their_checksums(upstream: ModuleType) -> None:
    from makers import kuberouter  # noqa: PLC0415

    modules = [upstream.CONTAINERD, upstream.RUNC, upstream.CNI_PLUGINS, upstream.CRI_TOOLS]
    modules += [upstream.METRICS_SERVER, kuberouter.MODULE]
    for release in upstream.RELEASES.values():
        modules += [upstream.kubernetes(release), upstream.coredns(release), upstream.etcd(release)]
    for module in modules:
        place = LAB / "mirrors/modules" / module.name / module.version
        required = (place / "go.mod").read_text()
        assert f" v{module.version}" in required, place
        assert (place / "go.sum").is_file(), place


def test_images_for_kubernetes_own_tests_are_of_the_version_that_is_tested(upstream: ModuleType) -> None:
    from makers import registry, testimages  # noqa: PLC0415

    newest = max(VERSIONS, key=lambda minor: int(minor.partition(".")[2]))
    assert set(testimages.TAGS) == {testimages.BUILT} == {newest}
    version = VERSIONS[newest]["version"]
    place = LAB / "mirrors/modules/agnhost" / version
    assert f"k8s.io/kubernetes v{version} " in (place / "go.mod").read_text()
    assert (place / "go.sum").is_file()
    for image in testimages.table(newest, None):
        if image.name == "e2e-test-images/agnhost":
            agnhost = registry._config(image, "")["config"]
            assert (agnhost["Entrypoint"], agnhost["Cmd"]) == (["/agnhost"], ["pause"])


@pytest.mark.parametrize("minor", VERSIONS)
def test_each_lab_has_the_image_that_the_smoke_test_asks_for(
    minor: str, plan: ModuleType, upstream: ModuleType
) -> None:
    """It is agnhost of the newest Kubernetes for all of them, which is built once."""
    from labkit import inventory  # noqa: PLC0415
    from makers import testimages  # noqa: PLC0415

    lab = plan.settle("one", None, None, "debian", minor)
    written = yaml.safe_load(inventory._text(lab, None, "", cgroup_v1=True))
    assert "smoke" not in written
    cluster = replace(spec().cluster, image_repository=written["cluster"]["imageRepository"])
    host, _, name = image_of(spec(cluster=cluster)).partition("/")
    assert host in (f"{lab.gateway}:5000", "registry.k8s.io")
    found = {f"{image.name}:{image.tag}": image for image in testimages.table(minor, None)}
    assert found[name].version == f"Kubernetes {VERSIONS[testimages.BUILT]['version']}"


def test_a_lab_without_kubernetes_own_tests_has_agnhost_alone(
    upstream: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The registry's key has what the image is made from, and where it is."""
    from makers import testimages  # noqa: PLC0415

    made = []

    def make(_: object, name: str, *_of: object) -> Path:
        made.append(name)
        return tmp_path / name

    monkeypatch.setattr(testimages.trixie, "make", make)
    built = testimages.Agnhost(tmp_path / "agnhost-key", tmp_path / "files-key")
    monkeypatch.setattr(testimages.agnhost, "make", lambda _cache, _version: built)
    old, current = testimages.make(None, "1.20"), testimages.make(None, "1.36")
    assert made == ["agnhost-tools"] * 2
    assert [image.name for image in old.table + current.table] == ["agnhost", "e2e-test-images/agnhost"]
    assert {"agnhost-key", "files-key", "agnhost-tools"} < set(old.inputs)
    assert old.inputs != current.inputs


def test_busybox_is_the_shell_and_whatever_debian_has_no_program_for(
    upstream: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from makers import testimages  # noqa: PLC0415
    from makers.layers import Layer  # noqa: PLC0415

    programs = tmp_path / "usr/bin"
    programs.mkdir(parents=True)
    (programs / "sh").symlink_to("dash")
    for name in ("dash", "ip", "nc.openbsd"):
        (programs / name).touch()
    monkeypatch.setattr(testimages, "_applets", lambda _: ["cat", "ip", "nc", "sh"])
    testimages._debian(layer := Layer(), tmp_path)
    bin_links = {name.removeprefix("usr/bin/"): to for name, to in layer.links.items()}
    assert bin_links == {"cat": "busybox", "sh": "busybox", "nc": "nc.openbsd"}
    assert "usr/bin/ip" in layer.files


def test_a_new_product_is_not_forgotten_by_another_build(upstream: ModuleType, tmp_path: Path) -> None:
    """As that of a tree that was copied with its times."""
    from makers.cache import Cache  # noqa: PLC0415

    made = Cache(tmp_path).product("tree", "key", lambda out: os.utime(out, (0, 0)))
    Cache(tmp_path, "1.37").forget_old()
    assert made.is_dir()


def test_images_have_the_tags_that_kubeadm_names(upstream: ModuleType) -> None:
    assert set(upstream.RELEASES) == set(VERSIONS) - {"1.20"}
    for minor, built in upstream.RELEASES.items():
        row = releases.nearest(int(minor.partition(".")[2]))
        assert (built.pause, built.etcd, built.coredns) == (row.pause, row.etcd, row.coredns), minor


def test_the_manifest_of_kube_router_is_one_and_names_the_image_that_is_built(upstream: ModuleType) -> None:
    from makers import kuberouter  # noqa: PLC0415

    text = (LAB / "mirrors/manifests/kube-router/kube-router.yaml").read_text()
    image = f"docker.io/{kuberouter.IMAGE.name}:{kuberouter.IMAGE.tag}"
    assert set(re.findall(r"image: (\S+)", text)) == {image}
    assert image in (LAB.parent / "plugins/test_kube_router.py").read_text()
    made = fitted(text, "172.16.0.0/16")
    assert made.daemon_sets == {"kube-router"}
    assert made.others == ()


def test_mirrors_with_another_plugin_are_noted_beside_the_others(upstream: ModuleType) -> None:
    import build  # noqa: PLC0415

    root = Path("/c")
    noted = [build.note(root, *words).name for words in (("1.20",), ("1.37",), ("1.37", "kube-router"))]
    assert noted == ["mirrors.json", "mirrors-1.37.json", "mirrors-1.37-kube-router.json"]


@pytest.mark.parametrize(("family", "kubernetes"), [("el9", "1.20"), ("el7", "1.37"), ("mixed", "1.37")])
def test_a_lab_has_the_families_that_its_mirrors_have_packages_for(
    plan: ModuleType, family: str, kubernetes: str
) -> None:
    from labkit.errors import LabError  # noqa: PLC0415

    with pytest.raises(LabError, match=f"a lab with Kubernetes {kubernetes} has hosts of .*none of {family}"):
        plan.settle("one", None, None, family, kubernetes)


def test_el9_gets_its_packages_from_the_rpm_repositories(plan: ModuleType, upstream: ModuleType) -> None:
    from labkit import repositories  # noqa: PLC0415
    from makers import pkgsk8srpm, yumcontainerd  # noqa: PLC0415

    lab = plan.settle("one", None, None, "el9", "1.37")
    place = pkgsk8srpm.path(upstream.RELEASES["1.37"])
    lines = repositories.yaml(lab, "").splitlines()
    mirror = f"http://{lab.gateway}:8080"
    assert [line.strip() for line in lines] == [
        f'docker: {{url: "{mirror}/{yumcontainerd.PATH}/{yumcontainerd.REPOSITORY}", '
        f'key: "{mirror}/{yumcontainerd.PATH}/gpg"}}',
        f'kubernetes: {{url: "{mirror}/{place}", key: "{mirror}/{place}/{pkgsk8srpm.KEY}"}}',
    ]
