"""Registries of Kubernetes' images, and where the images of its projects are in them."""

from __future__ import annotations

from k8sboot.kubernetes.versions import KubernetesVersion

UPSTREAM = "registry.k8s.io"
ALIYUN = "registry.cn-hangzhou.aliyuncs.com/google_containers"
_FOLDERED = (UPSTREAM, "k8s.gcr.io")
"""Each project has its own folder there; a mirror keeps them all in one, as kubeadm expects."""


def registry_of(mirror: str) -> str:
    """The registry that belongs to a mirror of packages; upstream's for one without images."""
    return ALIYUN if mirror == "aliyun" else UPSTREAM


def in_folder(image_repository: str, folder: str) -> str:
    """Where a project's images are: in its folder upstream, beside all others in a mirror."""
    return f"{image_repository}/{folder}" if image_repository in _FOLDERED else image_repository


def dns_repository(version: KubernetesVersion, image_repository: str) -> str:
    """CoreDNS' repository where kubeadm may look for it in the wrong place; '' elsewhere."""
    is_unsure = version.release.coredns_folder == "not always known"
    return f"{UPSTREAM}/coredns" if is_unsure and image_repository == UPSTREAM else ""


def with_dns_repository(images: list[str], version: KubernetesVersion, image_repository: str) -> list[str]:
    """kubeadm's list of images, with CoreDNS where it is."""
    folder = dns_repository(version, image_repository)
    wrong = f"{image_repository}/coredns:"
    return [image.replace(wrong, f"{folder}/coredns:") if folder else image for image in images]
