"""What a running cluster has where the inventory sets nothing: defaults apply when a cluster is created."""

from __future__ import annotations

from collections.abc import Mapping

from k8sboot.inventory.kept import with_kept
from k8sboot.inventory.model import Spec
from k8sboot.kubernetes.answers import at, text_at
from k8sboot.kubernetes.running import RunningCluster


def keeping(spec: Spec, running: RunningCluster) -> Spec:
    """The inventory for that cluster."""
    return with_kept(
        spec,
        {
            **_cluster(running.cluster_configuration),
            **_proxy(running.proxy_configuration),
            **_calico(spec, running),
            **_metrics_server(spec, running),
        },
    )


def _cluster(found: Mapping[str, object]) -> Mapping[str, object]:
    return {
        "cluster.name": found.get("clusterName"),
        "cluster.kubernetesVersion": found.get("kubernetesVersion"),
        "cluster.controlPlaneEndpoint": found.get("controlPlaneEndpoint"),
        "cluster.podSubnet": at(found, "networking", "podSubnet"),
        "cluster.serviceSubnet": at(found, "networking", "serviceSubnet"),
        "cluster.dnsDomain": at(found, "networking", "dnsDomain"),
        "cluster.imageRepository": found.get("imageRepository"),
    }


def _proxy(found: Mapping[str, object]) -> Mapping[str, object]:
    return {
        "kubeProxy.mode": (found.get("mode") or "iptables") if found else None,
        "kubeProxy.scheduler": at(found, "ipvs", "scheduler"),
        "kubeProxy.strictARP": at(found, "ipvs", "strictARP"),
    }


def _calico(spec: Spec, running: RunningCluster) -> Mapping[str, object]:
    """A manifest of one's own has its version and images."""
    is_upstreams = not spec.calico.manifest
    return {
        "calico.version": running.calico_version if is_upstreams else "",
        "calico.encapsulation": running.calico_encapsulation,
        "calico.mtu": running.calico_mtu,
        "calico.imageRepository": running.calico_repository if is_upstreams else "",
    }


def _metrics_server(spec: Spec, running: RunningCluster) -> Mapping[str, object]:
    """Its image follows cluster.imageRepository where that is set to another one."""
    has_moved = "cluster.imageRepository" in spec.said and spec.cluster.image_repository != text_at(
        running.cluster_configuration, "imageRepository"
    )
    return {
        "metricsServer.image": "" if has_moved else running.metrics_server_image,
        "metricsServer.replicas": running.metrics_server_replicas,
    }
