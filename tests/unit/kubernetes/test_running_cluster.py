"""What a running cluster tells of itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from fake_rows import rows

from k8sboot.errors import Refused
from k8sboot.kubernetes.alternative_names import alternative_names
from k8sboot.kubernetes.answers import BadAnswer
from k8sboot.kubernetes.commands import CLUSTER
from k8sboot.kubernetes.running import RunningCluster, running_cluster
from k8sboot.kubernetes.static_pods import flags

CERTIFICATE = (Path(__file__).parent / "apiserver.crt").read_text()


def config_map(name: str, key: str, document: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "ConfigMap", "metadata": {"name": name}, "data": {key: yaml.safe_dump(document)}}


def cluster(*items: dict[str, Any]) -> RunningCluster:
    return running_cluster(rows(items, CLUSTER))


def calico(image: str, **env: str) -> dict[str, Any]:
    container = {
        "name": "calico-node",
        "image": image,
        "env": [{"name": f"CALICO_IPV4POOL_{k}", "value": v} for k, v in env.items()],
    }
    spec = {"template": {"spec": {"containers": [{"name": "other"}, container]}}}
    return {"kind": "DaemonSet", "metadata": {"name": "calico-node"}, "spec": spec}


def test_the_configuration_of_kubelets_is_that_of_the_clusters_minor() -> None:
    found = cluster(
        config_map("kubeadm-config", "ClusterConfiguration", {"kubernetesVersion": "v1.21.3"}),
        config_map("kubelet-config-1.20", "kubelet", {"maxPods": 1}),
        config_map("kubelet-config-1.21", "kubelet", {"maxPods": 2}),
    )
    assert found.kubelet_config_map == "kubelet-config-1.21"
    assert found.kubelet_configuration == {"maxPods": 2}


def test_what_there_is_not_is_empty() -> None:
    for found in (running_cluster(""), cluster()):
        assert found.cluster_configuration == found.proxy_configuration == found.kubelet_configuration == {}
        assert not found.has_calico
        assert not found.has_metrics_server
        assert found.calico_version == found.calico_encapsulation == found.metrics_server_image == ""


@pytest.mark.parametrize(
    ("env", "encapsulation"),
    [
        ({"IPIP": "Always", "VXLAN": "Never"}, "ipip"),
        ({"IPIP": "CrossSubnet"}, "ipip"),
        ({"IPIP": "Never", "VXLAN": "Always"}, "vxlan"),
        ({"IPIP": "Never", "VXLAN": "Never"}, "none"),
        ({}, ""),
    ],
)
def test_calico_tells_its_version_registry_and_encapsulation(env: dict[str, str], encapsulation: str) -> None:
    found = cluster(calico("reg.example.com:5000/calico/node:v3.24.6", **env))
    assert (found.calico_version, found.calico_repository) == ("v3.24.6", "reg.example.com:5000/calico")
    assert found.calico_encapsulation == encapsulation
    assert cluster(calico("calico/node:master")).calico_version == ""


def test_an_answer_that_is_none_is_refused() -> None:
    with pytest.raises(BadAnswer):
        running_cluster("Unable to connect")


def test_flags_of_a_static_pod() -> None:
    text = 'spec: {containers: [{command: [kube-apiserver, --a=b=c, --on, "--n=1"], args: [--z=9, word]}]}'
    assert flags(text, what="x") == {"a": "b=c", "on": "true", "n": "1", "z": "9"}
    assert flags("", what="x") == flags("spec: {}", what="x") == {}
    with pytest.raises(Refused):
        flags("{", what="x")


def test_the_names_of_a_certificate() -> None:
    assert alternative_names(CERTIFICATE) == {"kubernetes", "api.example.com", "10.96.0.1", "2001:db8::1"}


@pytest.mark.parametrize("text", ["", "no certificate", CERTIFICATE.replace("MII", "MIB", 1)])
def test_a_certificate_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="certificate"):
        alternative_names(text)
