"""Versions of Kubernetes, and what fits together. What depends on a minor is in the table of releases."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from k8sboot.errors import UsageError
from k8sboot.kubernetes import releases
from k8sboot.kubernetes.release import Release

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

    @property
    def release(self) -> Release:
        """What depends on the minor; for one that k8sboot does not know (see unsupported), the nearest that it does."""
        return releases.nearest(self.minor)


def unsupported(version: KubernetesVersion) -> str:
    """Why k8sboot cannot install this version: it does not know it; empty if it does."""
    if version.major == 1 and releases.is_known(version.minor):
        return ""
    return f"k8sboot knows Kubernetes {releases.OLDEST.name} to {releases.NEWEST.name}, not {version}"


def kubelet_skew(*, api_server: KubernetesVersion, kubelet: KubernetesVersion) -> str:
    """Why this kubelet is not supported with that API server; empty if it is.

    Source: kubernetes/website version-skew-policy.md: never newer; a few minors older.
    """
    allowed = kubelet.release.kubelet_lag
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
