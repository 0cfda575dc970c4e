"""The inventory: YAML with places in, frozen values out, every problem at once.

load() reads it; the rest are the values it becomes.
"""

from k8sboot.inventory.load import Loaded, load
from k8sboot.inventory.model import (
    CalicoSettings,
    ClusterSettings,
    HostSpec,
    KubeadmPatches,
    KubeProxySettings,
    MetricsServerSettings,
    OsSettings,
    Repository,
    RuntimeSettings,
    Spec,
    SshSettings,
)

__all__ = [
    "CalicoSettings",
    "ClusterSettings",
    "HostSpec",
    "KubeProxySettings",
    "KubeadmPatches",
    "Loaded",
    "MetricsServerSettings",
    "OsSettings",
    "Repository",
    "RuntimeSettings",
    "Spec",
    "SshSettings",
    "load",
]
