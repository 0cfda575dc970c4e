"""Lint of the `kubeadm` section and of kubelet's flags, by the release of Kubernetes. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from k8sboot.inventory.model import Spec
from k8sboot.inventory.problems import KeyPath, LintProblem
from k8sboot.inventory.suggest import dotted
from k8sboot.kubernetes import releases
from k8sboot.kubernetes.answers import at, text_at
from k8sboot.kubernetes.kubeadm_fields import misfits
from k8sboot.kubernetes.release import Release

# the example in kubeadm's own documentation, copied into countless tutorials
_WELL_KNOWN_TOKEN = "abcdef.0123456789abcdef"  # noqa: S105

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


_KINDS = {
    "clusterConfiguration": "ClusterConfiguration",
    "initConfiguration": "InitConfiguration",
    "joinConfiguration": "JoinConfiguration",
}


def lint_kubeadm(spec: Spec) -> Iterator[LintProblem]:
    """Published tokens, and keys that are k8sboot's."""
    for kind, patch in _patches(spec):
        yield from _known_token(patch, ("kubeadm", kind))
        yield from _own_keys(patch, kind)


def lint_kubeadm_release(spec: Spec) -> Iterator[LintProblem]:
    """Fields and feature gates that this release's kubeadm refuses, and flags that its kubelet refuses."""
    release = spec.cluster.release
    yield from _fields(spec, release)
    yield from _gates(spec, release)
    yield from _flags(spec, release)


def _fields(spec: Spec, release: Release) -> Iterator[LintProblem]:
    """Fields that this release's kubeadm would refuse."""
    for kind, patch in _patches(spec):
        found = misfits(release, _KINDS[kind], patch) if kind in _KINDS else ()
        for each in found:
            path: KeyPath = ("kubeadm", kind, *each.path)
            message = f"`{dotted(path)}`: {each.why}"
            yield LintProblem("KB-KUBEADM-FIELD", message, (path,), each.fix)


def _gates(spec: Spec, release: Release) -> Iterator[LintProblem]:
    gates = spec.kubeadm.cluster_configuration.get("featureGates")
    for gate in gates if isinstance(gates, Mapping) else ():
        if gate in release.feature_gates_gone:
            path: KeyPath = ("kubeadm", "clusterConfiguration", "featureGates", gate)
            gone = releases.gate_gone_in(gate)
            message = f"kubeadm {release.name} refuses the feature gate {gate}: it went in {gone}"
            yield LintProblem("KB-KUBEADM-GATE", message, (path,), "remove it")


def _flags(spec: Spec, release: Release) -> Iterator[LintProblem]:
    """Flags with which this release's kubelet does not start."""
    for path, flag in _kubelet_flags(spec):
        name = flag.lstrip("-")
        if name in release.kubelet_flags_gone:
            gone = releases.flag_gone_in(name)
            message = f"kubelet {release.name} does not start with --{name}: it went in {gone}"
            yield LintProblem("KB-KUBELET-FLAG-GONE", message, (path,), "remove it")


def _kubelet_flags(spec: Spec) -> Iterator[tuple[KeyPath, str]]:
    for flag in spec.kubelet_extra_args:
        yield ("kubeletExtraArgs", flag), flag
    for role, hosts in (("masters", spec.masters), ("nodes", spec.nodes)):
        for index, host in enumerate(hosts):
            own = (flag for flag in host.kubelet_extra_args if flag not in spec.kubelet_extra_args)
            yield from (((role, index, "kubeletExtraArgs", flag), flag) for flag in own)
    for kind in ("initConfiguration", "joinConfiguration"):
        given = at(dict(_patches(spec))[kind], "nodeRegistration", "kubeletExtraArgs")
        here: KeyPath = ("kubeadm", kind, "nodeRegistration", "kubeletExtraArgs")
        if isinstance(given, list):
            yield from (((*here, i, "name"), text_at(each, "name")) for i, each in enumerate(given))
        elif isinstance(given, Mapping):
            yield from (((*here, flag), flag) for flag in given)


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
