"""How a running cluster is set up, from its own objects."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from k8sboot.kubernetes.answers import at, mappings_at, number_at, text_at
from k8sboot.kubernetes.commands import CLUSTER
from k8sboot.kubernetes.releases import nearest
from k8sboot.kubernetes.rows import read_rows
from k8sboot.kubernetes.yamltext import load_documents

_MINOR = re.compile(r"v?1\.(\d{1,3})\.")
_TAG = re.compile(r":(v\d{1,3}\.\d{1,3}\.\d{1,4})$")


@dataclass(frozen=True)
class RunningCluster:
    """The objects of commands.OF_A_CLUSTER, by kind and name. What there is not is empty."""

    objects: Mapping[tuple[str, str], Mapping[str, Any]]

    @property
    def cluster_configuration(self) -> Mapping[str, Any]:
        """kubeadm's ClusterConfiguration."""
        return self._document("kubeadm-config", "ClusterConfiguration")

    @property
    def kubelet_config_map(self) -> str:
        """The name of the ConfigMap with the configuration of kubelets that join."""
        minor = _MINOR.match(text_at(self.cluster_configuration, "kubernetesVersion"))
        by_table = nearest(int(minor[1])).kubelet_config_map if minor else ""
        names = (by_table, "kubelet-config")
        return next((name for name in names if ("ConfigMap", name) in self.objects), "")

    @property
    def kubelet_configuration(self) -> Mapping[str, Any]:
        """The KubeletConfiguration of kubelets that join."""
        return self._document(self.kubelet_config_map, "kubelet")

    @property
    def proxy_config_map(self) -> Mapping[str, Any]:
        """kube-proxy's ConfigMap, without what a copy of it has for `kubectl replace`."""
        return self.objects.get(("ConfigMap", "kube-proxy"), {})

    @property
    def proxy_configuration(self) -> Mapping[str, Any]:
        """The KubeProxyConfiguration."""
        return self._document("kube-proxy", "config.conf")

    @property
    def has_calico(self) -> bool:
        """Whether Calico runs in it."""
        return ("DaemonSet", "calico-node") in self.objects

    @property
    def calico_version(self) -> str:
        """Calico's version as in the tag of its image, '' if it is not one of a release."""
        tag = _TAG.search(text_at(self._calico_container, "image"))
        return tag[1] if tag else ""

    @property
    def calico_repository(self) -> str:
        """The registry of Calico's images."""
        return text_at(self._calico_container, "image").rpartition("/")[0]

    @property
    def calico_encapsulation(self) -> str:
        """ipip, vxlan or none, as calico-node creates its pool; '' if it is not known."""
        env = mappings_at(self._calico_container, "env")
        modes = {text_at(each, "name"): text_at(each, "value") for each in env}
        ipip, vxlan = modes.get("CALICO_IPV4POOL_IPIP", ""), modes.get("CALICO_IPV4POOL_VXLAN", "")
        if not ipip:
            return ""
        return "vxlan" if vxlan not in ("", "Never") else "none" if ipip == "Never" else "ipip"

    @property
    def calico_mtu(self) -> str:
        """The MTU of the Pods' interfaces; '0' if Calico detects it, '' if it is not known."""
        return text_at(self.objects.get(("ConfigMap", "calico-config")), "data", "veth_mtu")

    @property
    def has_metrics_server(self) -> bool:
        """Whether metrics-server runs in it."""
        return ("Deployment", "metrics-server") in self.objects

    @property
    def metrics_server_image(self) -> str:
        """metrics-server's image."""
        deployment = self.objects.get(("Deployment", "metrics-server"))
        containers = mappings_at(deployment, "spec", "template", "spec", "containers")
        return text_at(containers[0], "image") if containers else ""

    @property
    def metrics_server_replicas(self) -> int:
        """metrics-server's replicas, 0 if it does not say."""
        return number_at(self.objects.get(("Deployment", "metrics-server")), "spec", "replicas")

    @property
    def _calico_container(self) -> Mapping[str, Any]:
        daemon_set = self.objects.get(("DaemonSet", "calico-node"))
        containers = mappings_at(daemon_set, "spec", "template", "spec", "containers")
        return next((each for each in containers if text_at(each, "name") == "calico-node"), {})

    def _document(self, config_map: str, key: str) -> Mapping[str, Any]:
        text = at(self.objects.get(("ConfigMap", config_map)), "data", key)
        documents = load_documents(text, f"{key} of {config_map}") if isinstance(text, str) else []
        return documents[0] if documents else {}


def running_cluster(text: str) -> RunningCluster:
    """From kubectl's answer to commands.running_cluster(). Raises BadAnswer."""
    items = read_rows(text, CLUSTER, asked="the cluster's configuration") if text.strip() else []
    return RunningCluster({(text_at(i, "kind"), text_at(i, "metadata", "name")): i for i in items})
