"""The inventory: YAML with places in, frozen values out, every problem at once.

load() reads it; the rest are the values it becomes.
"""

from k8sboot.inventory.hosts import HostSpec, SshSettings
from k8sboot.inventory.load import Loaded, load
from k8sboot.inventory.model import (
    CalicoSettings,
    ClusterSettings,
    KubeadmPatches,
    KubeProxySettings,
    MetricsServerSettings,
    Spec,
)
from k8sboot.inventory.os_settings import OsSettings, Repository
from k8sboot.inventory.runtime_settings import RuntimeSettings

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
