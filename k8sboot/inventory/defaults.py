"""Defaults that follow from other keys: what suits the release of Kubernetes."""

from __future__ import annotations

from k8sboot.inventory.kept import with_kept
from k8sboot.inventory.model import Spec
from k8sboot.kubernetes import releases
from k8sboot.kubernetes.versions import KubernetesVersion


def with_defaults(spec: Spec) -> Spec:
    """spec with what the table of releases has for its version, where the file sets nothing."""
    if not spec.cluster.kubernetes_version:  # it is missing, or invalid
        return spec
    release = KubernetesVersion.parse(spec.cluster.kubernetes_version).release
    return with_kept(
        spec,
        {
            "runtime.name": "docker" if release.has_dockershim else "containerd",
            "calico.version": releases.calico_default(release),
            "kubeProxy.mode": release.proxy_default,
        },
    )
