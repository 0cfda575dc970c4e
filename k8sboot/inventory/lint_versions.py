"""Lint of versions that must fit together. Pure."""

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
    """Kubernetes, the runtime and Calico in versions that do not fit together."""
    yield from _kubernetes(spec)
    yield from _calico(spec)


def _kubernetes(spec: Spec) -> Iterator[LintProblem]:
    version = spec.cluster.version
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
    version = spec.cluster.version
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
