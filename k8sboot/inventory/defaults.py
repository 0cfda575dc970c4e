"""Defaults that follow from other keys: from the mirror, and what suits the release of Kubernetes."""

from __future__ import annotations

from k8sboot.inventory.kept import with_kept
from k8sboot.inventory.model import Spec
from k8sboot.kubernetes import registries, releases


def with_defaults(spec: Spec) -> Spec:
    """spec with what its mirror has and the table of releases has for its version, where the file sets nothing."""
    images = registries.registry_of(spec.mirror)
    spec = with_kept(spec, {"os.mirror": spec.mirror, "cluster.imageRepository": images})
    if not spec.cluster.kubernetes_version:  # it is missing, or invalid
        return spec
    release = spec.cluster.release
    return with_kept(
        spec,
        {
            "runtime.name": "docker" if release.has_dockershim else "containerd",
            "calico.version": releases.calico_default(release),
            "kubeProxy.mode": release.proxy_default,
        },
    )
