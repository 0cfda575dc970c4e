"""From checked values to the model's frozen dataclasses. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from k8sboot.inventory.check import Values
from k8sboot.inventory.defaults import with_defaults
from k8sboot.inventory.endpoint_forms import joined_endpoint
from k8sboot.inventory.hosts import HostSpec
from k8sboot.inventory.keys import inventory, said
from k8sboot.inventory.kinds import Kind, Many, Named, Section
from k8sboot.inventory.model import Spec
from k8sboot.inventory.secret_source import SecretSource
from k8sboot.kubernetes.ports import API_SERVER
from k8sboot.secret import Secret


def build(values: Values) -> Spec:
    """The Spec of those values, with defaults. Secrets are still SecretSource values: see with_secrets()."""
    sections: dict[str, Any] = dict(values)
    shared = sections.pop("ssh", {})
    for role in ("master", "node"):
        hosts = sections.get(f"{role}s") or ()
        sections[f"{role}s"] = [
            {**host, "role": role, "ssh": {**shared, **host.get("ssh", {})}, **_of_all(sections, host)}
            for host in hosts
        ]
    spec = with_defaults(replace(_section(inventory(), sections), said=frozenset(said(values))))
    if spec.cluster.control_plane_endpoint or not spec.masters or not spec.masters[0].address:
        return spec
    return _with_endpoint(spec, spec.masters[0].node_address or spec.masters[0].address)


def with_node_addresses(spec: Spec, addresses: Mapping[str, str]) -> Spec:
    """spec with these node addresses, by host, and the default endpoint that follows from them."""

    has_default_endpoint = endpoint_is_default(spec)

    def addressed(host: HostSpec) -> HostSpec:
        return replace(host, node_address=addresses.get(host.name, ""))

    spec = replace(spec, masters=tuple(map(addressed, spec.masters)), nodes=tuple(map(addressed, spec.nodes)))
    first = spec.masters[0].node_address
    return _with_endpoint(spec, first) if first and has_default_endpoint else spec


def _with_endpoint(spec: Spec, address: str) -> Spec:
    endpoint = joined_endpoint(address, API_SERVER)
    return replace(spec, cluster=replace(spec.cluster, control_plane_endpoint=endpoint))


def endpoint_is_default(spec: Spec) -> bool:
    """Whether controlPlaneEndpoint follows from the first master's address."""
    first = spec.masters[0]
    default = joined_endpoint(first.node_address or first.address, API_SERVER)
    return "cluster.controlPlaneEndpoint" not in spec.said and spec.cluster.control_plane_endpoint == default


def _of_all(sections: Mapping[str, Any], host: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of all hosts, with the host's own over them; of two taints with one key and effect the host's counts."""
    merged: dict[str, Any] = {
        name: {**sections.get(name, {}), **host.get(name, {})} for name in ("labels", "kubelet_extra_args")
    }
    taints = {_kind_of(taint): taint for taint in (*sections.get("taints", ()), *host.get("taints", ()))}
    return {**merged, "taints": tuple(taints.values())}


def _kind_of(taint: str) -> tuple[str, str]:
    head, _, effect = taint.rpartition(":")
    return head.partition("=")[0], effect


def secret_sources(value: object) -> Iterator[SecretSource]:
    """Every secret named anywhere in the values."""
    if isinstance(value, SecretSource):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from secret_sources(inner)


def with_secrets(spec: Spec, secrets: Mapping[SecretSource, Secret]) -> Spec:
    """spec with each SecretSource replaced by its secret; one that secrets does not hold becomes None."""

    def resolved(host: HostSpec) -> HostSpec:
        sources = {key: each for key, each in vars(host.ssh).items() if isinstance(each, SecretSource)}
        found: dict[str, Any] = {key: secrets.get(source) for key, source in sources.items()}
        return replace(host, ssh=replace(host.ssh, **found))

    def of(source: Any) -> Secret | None:  # noqa: ANN401  a secret, or where it comes from
        return secrets.get(source) if isinstance(source, SecretSource) else source

    named = spec.runtime.registries.items()
    registries = {name: replace(each, password=of(each.password)) for name, each in named}
    return replace(
        spec,
        masters=tuple(map(resolved, spec.masters)),
        nodes=tuple(map(resolved, spec.nodes)),
        proxy=replace(spec.proxy, password=of(spec.proxy.password)),
        runtime=replace(spec.runtime, registries=registries),
    )


def _section(section: Section, values: Values) -> Any:  # noqa: ANN401  an instance of section.becomes
    kinds = {key.field: key.kind for key in section.keys.values()}
    return section.becomes(**{field: _value(kinds.get(field), value) for field, value in values.items()})


def _value(kind: Kind | None, value: Any) -> object:  # noqa: ANN401  as the kind was checked
    if isinstance(kind, Section):
        return _section(kind, value)
    if isinstance(kind, Many):
        return tuple(_section(kind.section, each) for each in value)
    if isinstance(kind, Named):
        return {name: _section(kind.section, each) for name, each in value.items()}
    return value
