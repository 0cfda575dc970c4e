"""Lint of versions that must fit together, of the runtime, Calico, the kernel and kubeadm's fields. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from k8sboot.inventory.model import Spec
from k8sboot.inventory.problems import KeyPath, LintProblem
from k8sboot.kubernetes.versions import CRI_ONLY_SINCE, OLDEST_MINOR

_KUBERNETES: KeyPath = ("cluster", "kubernetesVersion")
# the example in kubeadm's own documentation, copied into countless tutorials
_WELL_KNOWN_TOKEN = "abcdef.0123456789abcdef"  # noqa: S105

# Calico's minor: the Kubernetes minors it was tested with (its documentation; for 3.25 also KubeKey's matrix)
_CALICO_TESTED = {
    18: (18, 20),
    19: (19, 21),
    20: (19, 21),
    21: (20, 22),
    22: (21, 23),
    23: (21, 23),
    24: (22, 24),
    25: (22, 28),
}
_NEWEST_CALICO_LISTED = max(_CALICO_TESTED)

_OWN_KEYS: Mapping[str, Mapping[str, str]] = {
    "clusterConfiguration": {
        "kubernetesVersion": "cluster.kubernetesVersion",
        "clusterName": "cluster.name",
        "controlPlaneEndpoint": "cluster.controlPlaneEndpoint",
        "imageRepository": "cluster.imageRepository",
        "networking": "cluster.podSubnet, serviceSubnet and dnsDomain",
    },
    "kubeProxyConfiguration": {"mode": "kubeProxy.mode"},
}


def lint_versions(spec: Spec) -> Iterator[LintProblem]:
    """Problems of versions, Typha's replicas, the runtime's registries, the kernel and the kubeadm patches."""
    yield from _kernel(spec)
    yield from _kubernetes(spec)
    yield from _calico(spec)
    yield from _typha(spec)
    yield from _runtime_packages(spec)
    yield from _registries(spec)
    for kind, patch in _patches(spec):
        yield from _known_token(patch, ("kubeadm", kind))
        yield from _own_keys(patch, kind)


def _kernel(spec: Spec) -> Iterator[LintProblem]:
    if spec.os.kernel.packages and not spec.os.kernel.minimum:
        yield LintProblem(
            "KB-KERNEL-MINIMUM",
            "os.kernel.packages has no effect without os.kernel.minimum",
            (("os", "kernel", "packages"),),
            "set os.kernel.minimum: hosts with an older kernel get the packages",
        )


def _minor(version: str) -> tuple[int, int]:
    major, minor, _ = version.removeprefix("v").split(".")
    return int(major), int(minor)


def _kubernetes(spec: Spec) -> Iterator[LintProblem]:
    version = spec.cluster.kubernetes_version
    if _minor(version) < (1, OLDEST_MINOR):
        message = f"Kubernetes {version} is not supported: the oldest supported minor is 1.{OLDEST_MINOR}"
        yield LintProblem("KB-VERSION-OLD", message, (_KUBERNETES,), f"use v1.{OLDEST_MINOR}.16 or later")
    elif _minor(version) >= (1, CRI_ONLY_SINCE) and spec.runtime.name == "docker":
        message = f"Kubernetes {version} cannot use Docker: dockershim was removed in 1.24"
        fix = "use v1.23.17; a later release of k8sboot will support containerd"
        yield LintProblem("KB-VERSION-RUNTIME", message, (_KUBERNETES, ("runtime", "name")), fix)


def _calico(spec: Spec) -> Iterator[LintProblem]:
    path: KeyPath = ("calico", "version")
    (major, calico), (_, kubernetes) = _minor(spec.calico.version), _minor(spec.cluster.kubernetes_version)
    is_refused_anyway = not OLDEST_MINOR <= kubernetes < CRI_ONLY_SINCE
    if not spec.calico.enabled or spec.calico.manifest or is_refused_anyway:
        return
    least, most = _CALICO_TESTED.get(calico, (CRI_ONLY_SINCE, 99))
    if major != 3 or calico < min(_CALICO_TESTED):
        message = f"Calico {spec.calico.version} is older than any version tested with k8sboot"
        yield LintProblem("KB-CALICO-VERSION", message, (path,), _calico_for(kubernetes), is_warning=True)
    elif not least <= kubernetes <= most:
        tested = f"1.{least} to 1.{most}" if calico <= _NEWEST_CALICO_LISTED else f"1.{least} and later"
        message = f"Calico {spec.calico.version} was tested with Kubernetes {tested}, not with 1.{kubernetes}"
        yield LintProblem(
            "KB-CALICO-VERSION", message, (path, _KUBERNETES), _calico_for(kubernetes), is_warning=True
        )


def _calico_for(kubernetes: int) -> str:
    fitting = [calico for calico, (least, most) in _CALICO_TESTED.items() if least <= kubernetes <= most]
    return f"use a v3.{max(fitting)} release" if fitting else ""


def _typha(spec: Spec) -> Iterator[LintProblem]:
    path: KeyPath = ("calico", "typhaReplicas")
    replicas, hosts = spec.calico.typha_replicas, len(spec.hosts)
    if replicas > hosts:
        message = (
            f"typhaReplicas is {replicas}, but there are only {hosts} hosts: each runs at most one replica"
        )
        yield LintProblem(
            "KB-TYPHA", message, (path,), "remove the key: the default derives it from the number of hosts"
        )
    elif replicas == 0 and hosts > 50:
        message = f"typhaReplicas is 0: without Typha, {hosts} hosts put a heavy load on the API server"
        yield LintProblem(
            "KB-TYPHA",
            message,
            (path,),
            "remove the key: the default derives it from the number of hosts",
            is_warning=True,
        )


def _runtime_packages(spec: Spec) -> Iterator[LintProblem]:
    if not spec.runtime.packages:
        message = f"`runtime.packages` is empty: {spec.runtime.name} would not be installed"
        yield LintProblem(
            "KB-VALUE", message, (("runtime", "packages"),), "remove the key to use the default"
        )


def _registries(spec: Spec) -> Iterator[LintProblem]:
    for index, mirror in enumerate(spec.runtime.registry_mirrors):
        host = urlsplit(mirror).netloc
        if mirror.startswith("http://") and host not in spec.runtime.insecure_registries:
            message = (
                f"Docker does not use the HTTP mirror {host}: it is not listed in runtime.insecureRegistries"
            )
            fix = f"add `{host}` to runtime.insecureRegistries"
            yield LintProblem(
                "KB-REGISTRY", message, (("runtime", "registryMirrors", index),), fix, is_warning=True
            )


def _patches(spec: Spec) -> Iterator[tuple[str, Mapping[str, object]]]:
    yield "clusterConfiguration", spec.kubeadm.cluster_configuration
    yield "initConfiguration", spec.kubeadm.init_configuration
    yield "joinConfiguration", spec.kubeadm.join_configuration
    yield "kubeletConfiguration", spec.kubeadm.kubelet_configuration
    yield "kubeProxyConfiguration", spec.kubeadm.kube_proxy_configuration


def _known_token(value: object, path: KeyPath) -> Iterator[LintProblem]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _known_token(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _known_token(inner, (*path, index))
    elif isinstance(value, str) and _WELL_KNOWN_TOKEN in value:
        message = "this bootstrap token is published in many tutorials: anyone could join the cluster with it"
        yield LintProblem(
            "KB-TOKEN-KNOWN", message, (path,), "remove it: k8sboot creates a token that expires"
        )


def _own_keys(patch: Mapping[str, object], kind: str) -> Iterator[LintProblem]:
    for key in patch:
        path: KeyPath = ("kubeadm", kind, key)
        if key in {"apiVersion", "kind"}:
            message = f"{key} cannot be set here: k8sboot derives it from the Kubernetes version"
            yield LintProblem("KB-PATCH-OWNED", message, (path,), "remove it")
        elif own := _OWN_KEYS.get(kind, {}).get(key):
            message = f"`{key}` set here bypasses the inventory's checks"
            yield LintProblem("KB-PATCH-OWNED", message, (path,), f"use {own} instead", is_warning=True)
