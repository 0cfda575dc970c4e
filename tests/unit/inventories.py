"""Inventories as values, which fetch nothing from anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from k8sboot.inventory.hosts import HostSpec
from k8sboot.inventory.model import CalicoSettings, ClusterSettings, Spec
from k8sboot.inventory.os_settings import OsSettings, Repository

VERSION = "1.23.17"
CALICO = Path(__file__).parent / "kubernetes" / "calico-small.yaml"


def spec(*, masters: int = 1, nodes: int = 2, **settings: Any) -> Spec:
    """An inventory of so many machines that fetches nothing from anywhere."""
    names = [f"m{n + 1}" for n in range(masters)] + [f"n{n + 1}" for n in range(nodes)]
    hosts = [
        HostSpec(name, f"192.0.2.{index + 1}", "master" if index < masters else "node")
        for index, name in enumerate(names)
    ]
    mirror = {
        name: Repository(f"http://mirror.example.com/{name}", key=f"http://mirror.example.com/{name}.asc")
        for name in ("docker", "kubernetes")
    }
    given: dict[str, Any] = {
        "cluster": ClusterSettings(control_plane_endpoint="192.0.2.1:6443", kubernetes_version=f"v{VERSION}"),
        "os": OsSettings(repositories=mirror),
        "calico": CalicoSettings(manifest=str(CALICO)),
        **settings,
    }
    return Spec(masters=tuple(hosts[:masters]), nodes=tuple(hosts[masters:]), **given)
