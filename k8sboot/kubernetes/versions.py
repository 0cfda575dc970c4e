"""Versions of Kubernetes, and what depends on them. Each rule names its source."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from k8sboot.errors import UsageError

OLDEST_MINOR = 19
NEWEST_MINOR = 36
CRI_ONLY_SINCE = 24
"""The minor version from which on kubelet requires a runtime that serves CRI. Source: CHANGELOG-1.24."""

ConfigApi = Literal["v1beta2", "v1beta3", "v1beta4"]

MASTER = "node-role.kubernetes.io/master"
CONTROL_PLANE = "node-role.kubernetes.io/control-plane"

_VERSION = re.compile(r"v?(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,4})([-+~][0-9A-Za-z.+~-]{1,64})?")


@dataclass(frozen=True, order=True)
class KubernetesVersion:
    """major.minor.patch, ordered. suffix (a release candidate, a vendor's build) does not count in the order."""

    major: int
    minor: int
    patch: int
    suffix: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"v{self.major}.{self.minor}.{self.patch}{self.suffix}"

    @classmethod
    def parse(cls, text: str) -> KubernetesVersion:
        """Parse 'v1.23.17', with or without the v. Raises UsageError for anything but three numbers."""
        match = _VERSION.fullmatch(text.strip())
        if match is None:
            raise UsageError(
                f"{text!r} is not a version of Kubernetes",
                why="a version is three numbers, such as v1.23.17",
                fix="set cluster.kubernetesVersion to the full version, with its patch number",
            )
        major, minor, patch = (int(part) for part in match.groups()[:3])
        return cls(major, minor, patch, match[4] or "")


def unsupported(version: KubernetesVersion) -> str:
    """Why k8sboot cannot install this version; empty if it can."""
    if version.major == 1 and OLDEST_MINOR <= version.minor <= NEWEST_MINOR:
        return ""
    return f"k8sboot supports Kubernetes 1.{OLDEST_MINOR} to 1.{NEWEST_MINOR}, not {version}"


def config_api(version: KubernetesVersion) -> ConfigApi:
    """The newest kubeadm configuration API that this version's kubeadm reads.

    Source: kubernetes PRs 101129, 107013, 125029 and kubernetes/kubeadm 2459.
    """
    if version.minor <= 21:
        return "v1beta2"
    return "v1beta3" if version.minor <= 30 else "v1beta4"


def control_plane_taints(version: KubernetesVersion) -> tuple[str, ...]:
    """Keys of the NoSchedule taints that kubeadm puts on a master. Source: kubernetes/kubeadm 2200."""
    if version.minor <= 23:
        return (MASTER,)
    return (MASTER, CONTROL_PLANE) if version.minor == 24 else (CONTROL_PLANE,)


def control_plane_labels(version: KubernetesVersion) -> tuple[str, ...]:
    """Labels that kubeadm puts on a master. Source: kubernetes/kubeadm 2200."""
    if version.minor < 20:
        return (MASTER,)
    return (MASTER, CONTROL_PLANE) if version.minor <= 23 else (CONTROL_PLANE,)


def disruption_budget_api(version: KubernetesVersion) -> Literal["policy/v1", "policy/v1beta1"]:
    """policy/v1 came with 1.21; policy/v1beta1 left with 1.25."""
    return "policy/v1" if version.minor >= 21 else "policy/v1beta1"


def kubelet_skew(*, api_server: KubernetesVersion, kubelet: KubernetesVersion) -> str:
    """Why this kubelet is not supported with that API server; empty if it is.

    Source: kubernetes/website version-skew-policy.md: never newer; at most three minors older (two to 1.24).
    """
    allowed = 3 if kubelet.minor >= 25 else 2
    behind = api_server.minor - kubelet.minor
    if behind < 0:
        return f"kubelet {kubelet} is newer than the API server {api_server}"
    if behind > allowed:
        return (
            f"kubelet {kubelet} is more than {allowed} minor versions older than the API server {api_server}"
        )
    return ""


def kubeadm_skew(*, kubeadm: KubernetesVersion, cluster: KubernetesVersion) -> str:
    """Why this kubeadm does not support that cluster; empty if it does (same minor version, or one newer)."""
    if kubeadm.minor - cluster.minor in (0, 1):
        return ""
    return f"kubeadm {kubeadm} supports Kubernetes 1.{kubeadm.minor - 1} and 1.{kubeadm.minor}, not {cluster}"


def upgrade_step(*, running: KubernetesVersion, wanted: KubernetesVersion) -> str:
    """Why kubeadm cannot upgrade in one step; empty if it can. Minor versions cannot be skipped, nor downgraded."""
    if wanted < running:
        return f"{wanted} is older than the running {running}, and kubeadm does not downgrade"
    if wanted.minor - running.minor > 1:
        return f"from {running} to {wanted} skips minor versions; upgrade to 1.{running.minor + 1} first"
    return ""
