"""What the table of releases makes k8sboot write, read by the real kubeadm of that minor.

K8SBOOT_KUBEADM names the programs, one or several separated by colons. Of each the minor is asked; its documents are
those of exactly its version.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from k8sboot.kubernetes import commands
from k8sboot.kubernetes.config import (
    ControlPlane,
    JoinCredentials,
    NodeRegistration,
    Proxy,
    join_config,
    kubeadm_config,
    unknown_fields,
)
from k8sboot.kubernetes.versions import KubernetesVersion
from k8sboot.templates import render

PROGRAMS = [each for each in os.environ.get("K8SBOOT_KUBEADM", "").split(":") if each]
NODE = NodeRegistration("m1", "10.0.0.1")
V1 = NodeRegistration("m1", "10.0.0.1", ignored_checks=("SystemVerification",))
ARGUMENTS = {"profiling": False, "v": 4}
LISTED = [{"name": "profiling", "value": "false"}, {"name": "v", "value": "4"}]
OF_V1BETA4 = {
    "certificateValidityPeriod": "8760h",
    "caCertificateValidityPeriod": "87600h",
    "encryptionAlgorithm": "ECDSA-P256",
    "apiServer": {"extraArgs": [*LISTED, *LISTED], "extraEnvs": [{"name": "A", "value": "B"}]},
    "dns": {"disabled": True},
    "proxy": {"disabled": True},
}


def cluster(version: str) -> ControlPlane:
    return ControlPlane(
        version=KubernetesVersion.parse(version),
        endpoint="api.example.com:6443",
        addresses=("10.0.0.1", "10.0.0.2", "10.0.0.3"),
        names=("m1", "m2", "m3"),
        cri_socket="unix:///run/containerd/containerd.sock",
        cert_sans=("k8s.example.com",),
    )


def init(version: str, node: NodeRegistration = NODE, mode: str = "iptables", **patches: Any) -> str:
    return kubeadm_config(render, cluster(version), node, proxy=Proxy(mode=mode), patches=patches)


def join(
    version: str, key: str = "", patch: dict[str, Any] | None = None, node: NodeRegistration = NODE
) -> str:
    credentials = JoinCredentials(
        "api.example.com:6443", "abcdef.0123456789abcdef", (f"sha256:{'5c' * 32}",), key
    )
    return join_config(render, cluster(version), node, credentials=credentials, patch=patch or {})


def with_arguments(given: object) -> dict[str, Any]:
    component = {"extraArgs": given}
    return {"apiServer": component, "controllerManager": component, "scheduler": component}


KUBELET_ARGUMENTS = {"nodeRegistration": {"kubeletExtraArgs": ARGUMENTS}}
DOCUMENTS: dict[str, Callable[[str], str]] = {
    "init": init,
    "init with ipvs": lambda version: init(version, mode="ipvs"),
    "init with arguments as a mapping": lambda v: init(
        v, ClusterConfiguration=with_arguments(ARGUMENTS), InitConfiguration=KUBELET_ARGUMENTS
    ),
    "init with arguments as a list": lambda v: init(v, ClusterConfiguration=with_arguments(LISTED)),
    "init on cgroup v1": lambda v: init(v, V1, KubeletConfiguration={"failCgroupV1": False}),
    "join of a node": join,
    "join of a master": lambda version: join(version, "ab" * 32),
    "join with arguments, on cgroup v1": lambda version: join(version, patch=KUBELET_ARGUMENTS, node=V1),
}


def asked(program: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([program, *words], capture_output=True, text=True, check=False)


def version_of(program: str) -> KubernetesVersion:
    return KubernetesVersion.parse(asked(program, "version", "-o", "short").stdout)


def validated(program: str, text: str, file: Path) -> subprocess.CompletedProcess[str]:
    file.write_text(text)
    has_validate = version_of(program).release.has_config_validate
    check = commands.config_validate if has_validate else commands.config_migrate
    return asked(program, *check(str(file))[1:])


@pytest.fixture(
    params=PROGRAMS or [pytest.param("", marks=pytest.mark.skip("no kubeadm: set K8SBOOT_KUBEADM"))]
)
def program(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_real_kubeadm_accepts_the_document(program: str, name: str, tmp_path: Path) -> None:
    version = version_of(program)
    if "cgroup v1" in name and version.release.cgroup_v1 != "refused":
        pytest.skip("written where the release refuses cgroup v1")
    done = validated(program, DOCUMENTS[name](str(version)), tmp_path / "config.yaml")
    assert done.returncode == 0, done.stderr
    assert unknown_fields(done.stderr) == ()
    assert "deprecated API" not in done.stderr


def test_the_real_kubeadm_accepts_every_new_field(program: str, tmp_path: Path) -> None:
    version = version_of(program)
    if version.release.config_api != "v1beta4":
        pytest.skip("fields of v1beta4")
    done = validated(program, init(str(version), ClusterConfiguration=OF_V1BETA4), tmp_path / "config.yaml")
    assert done.returncode == 0, done.stderr


def test_the_real_kubeadm_refuses_what_the_table_of_fields_refuses(program: str, tmp_path: Path) -> None:
    version = str(version_of(program))
    text = init(version).replace("certificatesDir:", "certificateDir:")
    done = validated(program, text, tmp_path / "config.yaml")
    assert unknown_fields(done.stderr) == ("certificateDir",)
