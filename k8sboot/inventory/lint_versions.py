"""Lint of versions that must fit together, of Calico and the kernel. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from k8sboot.inventory.lint_runtime import runtime_misfit
from k8sboot.inventory.model import Spec
from k8sboot.inventory.problems import KeyPath, LintProblem
from k8sboot.kubernetes import releases
from k8sboot.kubernetes.calico_releases import calico_for, kubernetes_for
from k8sboot.kubernetes.versions import KubernetesVersion, unsupported

_KUBERNETES: KeyPath = ("cluster", "kubernetesVersion")


def lint_versions(spec: Spec) -> Iterator[LintProblem]:
    """Problems of versions, Typha's replicas and the kernel."""
    yield from _kernel(spec)
    if spec.cluster.kubernetes_version:  # else it is missing, or invalid
        yield from _kubernetes(spec)
        yield from _calico(spec)
    yield from _typha(spec)


def _kernel(spec: Spec) -> Iterator[LintProblem]:
    if spec.os.kernel.packages and not spec.os.kernel.minimum:
        yield LintProblem(
            "KB-KERNEL-MINIMUM",
            "os.kernel.packages has no effect without os.kernel.minimum",
            (("os", "kernel", "packages"),),
            "set os.kernel.minimum: hosts with an older kernel get the packages",
        )


def _kubernetes(spec: Spec) -> Iterator[LintProblem]:
    version = KubernetesVersion.parse(spec.cluster.kubernetes_version)
    oldest = releases.OLDEST
    if (version.major, version.minor) < (1, oldest.minor):
        message = f"Kubernetes {version} is not supported: the oldest supported minor is {oldest.name}"
        yield LintProblem("KB-VERSION-OLD", message, (_KUBERNETES,), f"use {oldest.newest} or later")
    elif message := unsupported(version):
        fix = f"use {releases.NEWEST.newest}; `k8sboot releases` lists what this k8sboot installs"
        yield LintProblem("KB-VERSION-UNKNOWN", message, (_KUBERNETES,), fix)
    else:
        yield from runtime_misfit(spec, version)


def _calico(spec: Spec) -> Iterator[LintProblem]:
    path: KeyPath = ("calico", "version")
    version = KubernetesVersion.parse(spec.cluster.kubernetes_version)
    is_refused_anyway = bool(unsupported(version) or [*runtime_misfit(spec, version)])
    if spec.plugin != "calico" or spec.calico.manifest or is_refused_anyway:
        return
    major, calico = _minor(spec.calico.version)
    span = kubernetes_for(calico)
    if major != 3 or span is None:
        message = f"Calico {spec.calico.version} is older than any version tested with k8sboot"
        yield LintProblem("KB-CALICO-VERSION", message, (path,), _calico_for(version), is_warning=True)
    elif version.minor < span[0] or (span[1] is not None and version.minor > span[1]):
        tested = f"1.{span[0]} and later" if span[1] is None else f"1.{span[0]} to 1.{span[1]}"
        asked = f"Calico {spec.calico.version}"
        message = f"{asked} was tested with Kubernetes {tested}, not with {version.release.name}"
        yield LintProblem(
            "KB-CALICO-VERSION", message, (path, _KUBERNETES), _calico_for(version), is_warning=True
        )


def _minor(version: str) -> tuple[int, int]:
    major, minor, _ = version.removeprefix("v").split(".")
    return int(major), int(minor)


def _calico_for(version: KubernetesVersion) -> str:
    fitting = calico_for(version.minor)
    return f"use a v3.{fitting} release" if fitting else ""


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
