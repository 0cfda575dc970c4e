"""`k8sboot releases`."""

from __future__ import annotations

import json
from dataclasses import fields

import click
import pytest
from command_line import CommandLine

from k8sboot import runtime
from k8sboot.cli.main import cli
from k8sboot.kubernetes.release import Release
from k8sboot.kubernetes.release_table import RELEASES
from k8sboot.kubernetes.versions import KubernetesVersion

TABLE = """\
RELEASE  ENDS        INSTALLED   CONTAINERD  CONFIG   KERNEL  CGROUP V1  CALICO
1.19.16  2021-10-28  any         <2.0        v1beta2  3.10    yes        3.20
1.20.15  2022-02-28  any         <2.0        v1beta2  3.10    yes        3.21
1.21.14  2022-06-28  any         <2.0        v1beta2  3.10    yes        3.23
1.22.17  2022-12-08  any         <2.0        v1beta3  3.10    yes        3.25.2
1.23.17  2023-02-28  any         any         v1beta3  3.10    yes        3.25.2
1.24.17  2023-07-28  containerd  any         v1beta3  3.10    yes        3.26.5
1.25.16  2023-10-28  containerd  any         v1beta3  3.10    yes        3.26.5
1.26.15  2024-02-28  containerd  >=1.6       v1beta3  3.10    yes        3.26.5
1.27.16  2024-07-16  containerd  >=1.6       v1beta3  3.10    yes        3.28.5
1.28.15  2024-10-22  containerd  >=1.6       v1beta3  3.10    yes        3.28.5
1.29.14  2025-02-28  containerd  >=1.6       v1beta3  3.10    yes        3.29.7
1.30.14  2025-07-15  containerd  >=1.6       v1beta3  3.10    yes        3.29.7
1.31.14  2025-11-11  containerd  >=1.6       v1beta4  3.10    yes        3.30.7
1.32.13  2026-02-28  containerd  >=1.6       v1beta4  4.19    yes        3.31.7
1.33.13  2026-06-28  containerd  >=1.6       v1beta4  4.19    yes        3.31.7
1.34.12  2026-10-27  containerd  >=1.6       v1beta4  5.4~    yes        3.32.1
1.35.9   2027-02-28  containerd  >=1.6       v1beta4  5.4~    no         3.33
1.36.5   2027-06-28  containerd  >=1.6       v1beta4  5.4~    no         3.33
1.37.2   2027-10-28  containerd  >=1.6       v1beta4  5.4~    no         3.33
"""

IN_JSON = """\
release installedWith configApi minor newest ends pause etcd coredns corednsImage corednsFolder configApis
featureGatesGone kubeletFlagsGone hasDockershim cri containerdSince containerdBefore containerdRecommended kernels
cgroupV1 proxyModes proxyDefault ipvsWithoutModules ipvsIsDeprecated nftConflict calico metricsServer packageRepository
packages packagesHeld kubeadmRequires controlPlaneLabels controlPlaneTaints kubeletConfigMap budgetApi kubeletLag
certsCommand drainEmptyDir hasConfigValidate hasSuperAdmin hasInstanceConfig
"""
KEYS = IN_JSON.split()


def test_a_line_says_what_a_release_needs(k8sboot: CommandLine):
    said = k8sboot("releases")
    assert (said.code, said.err, k8sboot.asked) == (0, "", [])
    assert said.out == TABLE
    assert max(map(len, said.out.splitlines())) <= 80


def test_what_is_installed_is_what_the_runtimes_support(k8sboot: CommandLine):
    for found in json.loads(k8sboot("releases -o json").out):
        version = KubernetesVersion.parse(found["newest"])
        assert found["installedWith"] == [r.name for r in runtime.RUNTIMES if not r.unsupported(version)]


def test_json_has_everything_under_keys_that_stay(k8sboot: CommandLine):
    found = json.loads(k8sboot("releases -o json").out)
    assert [each["release"] for each in found] == [row.name for row in RELEASES]
    assert {tuple(each) for each in found} == {tuple(KEYS)}
    assert len(KEYS) == len(fields(Release)) + 3
    assert found[0]["containerdRecommended"] is None
    assert found[-1]["kernels"] == {"since": "6.0", "series": ["5.4", "5.10", "5.15"], "isRequired": False}
    assert found[4]["ipvsWithoutModules"] == "runs iptables"
    assert json.loads(k8sboot("releases 1.23 -o json").out) == found[4]


@pytest.mark.parametrize("name", ["1.23", "v1.23", "1.23.17", "v1.23.1"])
def test_all_of_one_release_is_shown_by_its_minor_or_a_version(k8sboot: CommandLine, monkeypatch, name):
    monkeypatch.setenv("COLUMNS", "80")
    said = k8sboot(f"releases {name}")
    lines = said.out.splitlines()
    assert said.code == 0
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == KEYS
    assert max(map(len, lines)) <= 80
    assert "containerdRecommended   -" in lines
    assert "containerdBefore        none" in lines
    assert "hasDockershim           yes" in lines
    assert "cri                     v1alpha2, v1" in lines


@pytest.mark.parametrize("name", ["1.18", "1.38", "v2.0.0", "1.3", "1.", "newest", "''"])
def test_a_release_that_is_not_known_is_refused_by_name(k8sboot: CommandLine, name):
    said = k8sboot("releases", name)
    assert said.code == 2
    assert f"{name!r}" in said.err
    assert "1.19 to 1.37" in said.err
    assert said.out == ""


def test_releases_are_completed():
    completer = click.shell_completion.ShellComplete(cli, {}, "k8sboot", "_K8SBOOT_COMPLETE")
    found = {each.value: each.help for each in completer.get_completions(["releases"], "1.3")}
    assert found["1.37"] == "ends 2027-10-28"
    assert set(found) == {f"1.{minor}" for minor in range(30, 38)}
    assert "releases" in {each.value for each in completer.get_completions([], "rel")}
