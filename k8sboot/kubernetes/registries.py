"""Registries of Kubernetes' images, and where CoreDNS is in them."""

from __future__ import annotations

from k8sboot.kubernetes.versions import KubernetesVersion

UPSTREAM = "registry.k8s.io"
ALIYUN = "registry.cn-hangzhou.aliyuncs.com/google_containers"


def registry_of(mirror: str) -> str:
    """The registry that belongs to a mirror of packages; upstream's for one without images."""
    return ALIYUN if mirror == "aliyun" else UPSTREAM


def dns_repository(version: KubernetesVersion, image_repository: str) -> str:
    """CoreDNS' repository where kubeadm may look for it in the wrong place; '' elsewhere."""
    is_unsure = version.release.coredns_folder == "not always known"
    return f"{UPSTREAM}/coredns" if is_unsure and image_repository == UPSTREAM else ""


def with_dns_repository(images: list[str], version: KubernetesVersion, image_repository: str) -> list[str]:
    """kubeadm's list of images, with CoreDNS where it is."""
    folder = dns_repository(version, image_repository)
    wrong = f"{image_repository}/coredns:"
    return [image.replace(wrong, f"{folder}/coredns:") if folder else image for image in images]
