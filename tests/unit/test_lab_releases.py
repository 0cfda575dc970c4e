"""What the lab builds of a current Kubernetes: pinned, and what the table of releases says."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from k8sboot.kubernetes import releases
from k8sboot.kubernetes.network_manifest import fitted

LAB = Path(__file__).parent.parent / "lab"
VERSIONS = json.loads((LAB / "releases.json").read_text())


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(LAB / "mirrors")
    from makers import upstream as module  # noqa: PLC0415

    return module


@pytest.fixture(autouse=True)
def _forget_makers() -> None:
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] in ("build", "current", "makers")]:
        del sys.modules[name]


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
