"""What an inventory has that says little: by the release of Kubernetes, and nothing else that is said is overruled."""

from __future__ import annotations

import pytest

from k8sboot.inventory.keys import inventory as declared
from k8sboot.kubernetes.calico import MANIFEST_SHA256
from k8sboot.kubernetes.calico_releases import CALICO
from k8sboot.kubernetes.release_table import RELEASES
from k8sboot.kubernetes.releases import calico_default


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


def test_the_help_of_a_default_that_depends_says_so():
    for section, key in (("runtime", "name"), ("calico", "version"), ("kubeProxy", "mode")):
        assert "Default:" in declared().keys[section].kind.keys[key].help
