"""Lint of how the machines are prepared. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from k8sboot.inventory.model import Spec
from k8sboot.inventory.problems import KeyPath, LintProblem

_FAMILIES = ("debian", "rhel")


def lint_os(spec: Spec) -> Iterator[LintProblem]:
    """Findings about time servers, repositories and the cgroup driver."""
    yield from _time(spec)
    yield from _repositories(spec)
    yield from _cgroup_driver(spec)


def _time(spec: Spec) -> Iterator[LintProblem]:
    if spec.os.time_sync != "none" and not spec.os.ntp_servers:
        path: KeyPath = ("os", "ntpServers")
        message = f"{spec.os.time_sync} has nobody to ask for the time"
        yield LintProblem("KB-TIME", message, (path,), "name a server, or say `timeSync: none`")


def _repositories(spec: Spec) -> Iterator[LintProblem]:
    for name, repository in spec.os.repositories.items():
        path: KeyPath = ("os", "repositories", name)
        family, is_for_family, _ = name.partition(".")
        if is_for_family and family not in _FAMILIES:
            message = f"{family} is no family of systems, so no machine would have this repository"
            fix = f"`debian.NAME` or `rhel.NAME`, or `{name.replace('.', '-')}` for all"
            yield LintProblem("KB-REPOSITORY-NAME", message, (path,), fix)
        if repository.fingerprint and not repository.key:
            message = "a fingerprint without the key that it is of checks nothing"
            yield LintProblem("KB-REPOSITORY-KEY", message, ((*path, "fingerprint"),), "say `key:`, too")


def _cgroup_driver(spec: Spec) -> Iterator[LintProblem]:
    driver = spec.kubeadm.kubelet_configuration.get("cgroupDriver", "systemd")
    if driver != "systemd":
        path: KeyPath = ("kubeadm", "kubeletConfiguration", "cgroupDriver")
        message = f"kubelet with {driver} beside a runtime with systemd: pods would be killed under load"
        yield LintProblem("KB-CGROUP-DRIVER", message, (path,), "leave it out: both use systemd")
