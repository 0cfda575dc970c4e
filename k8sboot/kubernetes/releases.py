"""What belongs to each minor release of Kubernetes: its images, and the add-ons that fit it.

The images are a list to check against; `kubeadm config images list` on the host is what counts.
"""

from __future__ import annotations

from dataclasses import dataclass

from k8sboot.kubernetes.versions import KubernetesVersion


@dataclass(frozen=True)
class Images:
    """Tags of the images beside Kubernetes' own. etcd: every version seen with the minor's patch releases."""

    pause: str
    etcd: tuple[str, ...]
    coredns: tuple[str, ...]


# Source: cmd/kubeadm/app/constants/constants.go of each release branch. Minors not read there are left out.
_IMAGES = {
    23: Images("3.6", ("3.5.1", "3.5.6"), ("1.8.6",)),
    24: Images("3.7", ("3.5.3", "3.5.6"), ("1.8.6",)),
    25: Images("3.8", ("3.5.4", "3.5.9"), ("1.9.3",)),
    26: Images("3.9", ("3.5.6", "3.5.10"), ("1.9.3",)),
    27: Images("3.9", ("3.5.7", "3.5.12"), ("1.10.1",)),
    28: Images("3.9", ("3.5.9", "3.5.15"), ("1.10.1",)),
    29: Images("3.9", ("3.5.10", "3.5.16"), ("1.11.1",)),
    30: Images("3.9", ("3.5.12", "3.5.15"), ("1.11.1", "1.11.3")),
    31: Images("3.10", ("3.5.15", "3.5.24"), ("1.11.3",)),
    32: Images("3.10", ("3.5.16", "3.5.24"), ("1.11.3",)),
    33: Images("3.10", ("3.5.21", "3.5.24"), ("1.12.0",)),
    34: Images("3.10.1", ("3.6.4", "3.6.5"), ("1.12.1",)),
}

# (from this minor on, the version). Source: metrics-server's README, "Compatibility Matrix".
_METRICS_SERVER = ((34, "v0.9.0"), (31, "v0.8.1"), (27, "v0.7.2"), (25, "v0.6.4"), (0, "v0.5.2"))

# (from this minor on, the version). 3.25 still runs on CentOS 7's kernel; 3.29 and later ask for 5.10.
_CALICO = (
    (35, "v3.32.1"),
    (32, "v3.31.7"),
    (31, "v3.30.7"),
    (29, "v3.29.7"),
    (27, "v3.28.5"),
    (24, "v3.26.5"),
    (0, "v3.25.2"),
)


def images(version: KubernetesVersion) -> Images | None:
    """The tags known for this minor; None where none are."""
    return _IMAGES.get(version.minor)


def metrics_server_version(version: KubernetesVersion) -> str:
    """The newest metrics-server whose matrix names this minor."""
    return _newest(_METRICS_SERVER, version)


def calico_version(version: KubernetesVersion) -> str:
    """The Calico release to take for this minor where the inventory says none."""
    return _newest(_CALICO, version)


def _newest(table: tuple[tuple[int, str], ...], version: KubernetesVersion) -> str:
    return next(found for minor, found in table if version.minor >= minor)
