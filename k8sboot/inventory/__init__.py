"""The inventory: YAML with places in, frozen values out, every problem at once.

load() reads it, format_problem() shows what is wrong with it, the rest are the values it becomes.
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
from k8sboot.inventory.report import format_problem

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
    "format_problem",
    "load",
]
