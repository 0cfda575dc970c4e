"""The values of the metrics-server template, by version."""

from __future__ import annotations

from k8sboot.kubernetes import ports
from k8sboot.kubernetes.registries import in_folder
from k8sboot.kubernetes.versions import KubernetesVersion
from k8sboot.text.numbers import whole


def metrics_server_image(version: KubernetesVersion, image_repository: str) -> str:
    """The image for this version of Kubernetes, in that repository."""
    place = in_folder(image_repository, "metrics-server")
    return f"{place}/metrics-server:{version.release.metrics_server}"


def metrics_server_values(
    version: KubernetesVersion, *, image: str, replicas: int, kubelet_insecure_tls: bool
) -> dict[str, object]:
    """The values of metrics-server.yaml.j2; arguments and rights follow the version in the image's tag.

    Source: metrics-server's manifests of each release: port 4443 up to 0.6 and 10250 from 0.7; the kubelet's
    Summary API (nodes/stats) up to 0.5, its /metrics/resource (nodes/metrics) after.
    """
    minor = _minor(image.rpartition(":")[2]) or _minor(version.release.metrics_server)
    port = 4443 if minor <= 6 else ports.KUBELET
    old = minor <= 5
    return {
        "image": image,
        "replicas": replicas,
        "secure_port": port,
        "arguments": _arguments(port, kubelet_insecure_tls=kubelet_insecure_tls),
        "kubelet_resources": ["nodes/stats" if old else "nodes/metrics"],
        "watched_resources": ["pods", "nodes", *(("namespaces", "configmaps") if old else ())],
        "disruption_budget_api": version.release.budget_api,
    }


def _arguments(port: int, *, kubelet_insecure_tls: bool) -> list[str]:
    arguments = [
        "--cert-dir=/tmp",
        f"--secure-port={port}",
        "--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname",
        "--kubelet-use-node-status-port",
        "--metric-resolution=15s",
    ]
    return [*arguments, "--kubelet-insecure-tls"] if kubelet_insecure_tls else arguments


def _minor(tag: str) -> int:
    """5 for 'v0.5.2'; 0 if the tag is not such a version."""
    parts = tag.removeprefix("v").split(".")
    return (whole(parts[1]) or 0) if len(parts) == 3 and parts[0] == "0" else 0
