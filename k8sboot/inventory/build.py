"""From checked values to the model's frozen dataclasses. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from k8sboot.inventory import model
from k8sboot.inventory.check import Values
from k8sboot.inventory.forms import joined_endpoint
from k8sboot.inventory.secret_source import SecretSource
from k8sboot.kubernetes.ports import API_SERVER
from k8sboot.secret import Secret

Secrets = Mapping[SecretSource, Secret]


def build(values: Values, secrets: Secrets) -> model.Spec:
    """The Spec those values say, defaults filled in; a secret that secrets does not hold is None."""
    masters = _hosts(values, "master", secrets)
    cluster = _section(values, "cluster")
    cluster.setdefault("control_plane_endpoint", "")
    if not cluster["control_plane_endpoint"] and masters and masters[0].address:
        cluster["control_plane_endpoint"] = joined_endpoint(masters[0].address, API_SERVER)
    return model.Spec(
        cluster=model.ClusterSettings(**cluster),
        masters=masters,
        nodes=_hosts(values, "node", secrets),
        os=_os(_section(values, "os")),
        runtime=model.RuntimeSettings(**_section(values, "runtime")),
        calico=model.CalicoSettings(**_section(values, "calico")),
        metrics_server=model.MetricsServerSettings(**_section(values, "metrics_server")),
        kube_proxy=model.KubeProxySettings(**_section(values, "kube_proxy")),
        kubeadm=model.KubeadmPatches(**_section(values, "kubeadm")),
    )


def secret_sources(value: object) -> Iterator[SecretSource]:
    """Every secret named anywhere in the values."""
    if isinstance(value, SecretSource):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from secret_sources(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from secret_sources(inner)


def _section(values: Values, name: str) -> dict[str, Any]:
    found = values.get(name)
    return dict(found) if isinstance(found, dict) else {}


def _os(values: dict[str, Any]) -> model.OsSettings:
    repositories = {name: model.Repository(**each) for name, each in values.pop("repositories", {}).items()}
    kernel = dict(values.pop("kernel", {}))
    packages = tuple(model.KernelPackage(**each) for each in kernel.pop("packages", ()))
    return model.OsSettings(
        **values, repositories=repositories, kernel=model.KernelSettings(**kernel, packages=packages)
    )


def _hosts(values: Values, role: Literal["master", "node"], secrets: Secrets) -> tuple[model.HostSpec, ...]:
    listed = values.get(f"{role}s")
    hosts = listed if isinstance(listed, list) else []
    defaults = _section(values, "ssh")
    return tuple(_host(host, role, defaults, secrets) for host in hosts)


def _host(
    values: Values, role: Literal["master", "node"], defaults: dict[str, Any], secrets: Secrets
) -> model.HostSpec:
    said = {**defaults, **_section(values, "ssh")}
    ssh: dict[str, Any] = {
        key: secrets.get(each) if isinstance(each, SecretSource) else each for key, each in said.items()
    }
    return model.HostSpec(
        name=str(values["name"]), address=str(values["address"]), role=role, ssh=model.SshSettings(**ssh)
    )
