"""Inventories as values, which fetch nothing from anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from keys import FINGERPRINT

from k8sboot.inventory.build import endpoint_is_default
from k8sboot.inventory.hosts import HostSpec
from k8sboot.inventory.keys import inventory, rows
from k8sboot.inventory.model import CalicoSettings, ClusterSettings, Spec
from k8sboot.inventory.os_settings import OsSettings, Repository

VERSION = "1.23.17"
CALICO = Path(__file__).parent / "kubernetes" / "calico-small.yaml"


def spec(*, masters: int = 1, nodes: int = 2, **settings: Any) -> Spec:
    """An inventory of so many machines that fetches nothing from anywhere, with the runbook's time zone and servers."""
    names = [f"m{n + 1}" for n in range(masters)] + [f"n{n + 1}" for n in range(nodes)]
    hosts = [
        HostSpec(name, f"192.0.2.{index + 1}", "master" if index < masters else "node")
        for index, name in enumerate(names)
    ]
    mirror = {
        name: Repository(
            f"http://mirror.example.com/{name}",
            key=f"http://mirror.example.com/{name}.asc",
            fingerprint=FINGERPRINT,
        )
        for name in ("docker", "kubernetes")
    }
    given: dict[str, Any] = {
        "cluster": ClusterSettings(control_plane_endpoint="192.0.2.1:6443", kubernetes_version=f"v{VERSION}"),
        "os": OsSettings(repositories=mirror),
        "calico": CalicoSettings(manifest=str(CALICO)),
        **settings,
    }
    given["os"] = with_time(given["os"])
    spec = Spec(masters=tuple(hosts[:masters]), nodes=tuple(hosts[masters:]), **given)
    said = {*_said(spec)}
    if endpoint_is_default(spec):
        said.discard("cluster.controlPlaneEndpoint")
    return replace(spec, said=frozenset(said))


def with_time(os: OsSettings) -> OsSettings:
    """With the runbook's time zone and time servers, where it has none."""
    servers = os.ntp_servers or ("ntp.aliyun.com",)
    return replace(os, timezone=os.timezone or "Asia/Shanghai", ntp_servers=servers)


def saying(spec: Spec, *keys: str) -> Spec:
    """The same, with keys that the file sets to what they are."""
    return replace(spec, said=spec.said | {*keys})


def _said(spec: Spec) -> Iterator[str]:
    """What an inventory file for these values has to set: all that is not the default."""
    for name, key in rows():
        section, _, rest = name.partition(".")
        if rest and "[" not in section and section != "ssh":
            value = getattr(spec, inventory().keys[section].field)
            if "." not in rest and getattr(value, key.field) != key.default:
                yield name
