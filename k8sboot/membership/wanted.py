"""What the inventory says of a cluster and its members, and where a machine differs from that."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from k8sboot.inventory.build import endpoint_is_default
from k8sboot.inventory.endpoint_forms import joined_endpoint
from k8sboot.inventory.hosts import HostSpec
from k8sboot.inventory.model import Spec
from k8sboot.kubernetes.answers import text_at
from k8sboot.kubernetes.paths import ADMIN_CONF
from k8sboot.kubernetes.ports import API_SERVER
from k8sboot.membership.reading import CONTROLLER_MANAGER, Membership

NAME = "cluster.name"
DEFAULT_NAMES = ("kubernetes",)
"""The names that k8sboot has given to clusters whose inventory set none. Another one was set by another inventory."""


@dataclass(frozen=True)
class Difference:
    """A value that is fixed at birth. key: the inventory's. found '': there is none."""

    key: str
    found: str
    wanted: str

    def __str__(self) -> str:
        return f"{self.key}: the cluster has {self.found or 'none'}, the inventory says {self.wanted}"


@dataclass(frozen=True)
class Wanted:
    """The cluster's values that never change, as kubeadm gets them: the `kubeadm` section takes precedence."""

    name: str
    endpoint: str
    endpoints: tuple[str, ...]
    """All that the default endpoint may have been at birth: it follows from an address of the first master."""
    said: frozenset[str]
    """The keys that the inventory sets; a running cluster keeps the others as they are."""
    pod_subnet: str
    service_subnet: str
    dns_domain: str

    @classmethod
    def by(cls, spec: Spec, addresses: Collection[str] = ()) -> Wanted:
        """The inventory's. addresses: those of the first master."""
        cluster, patch = spec.cluster, spec.kubeadm.cluster_configuration
        kubelet = spec.kubeadm.kubelet_configuration
        flags = _flags(patch)
        return cls(
            name=flags.get("cluster-name") or text_at(patch, "clusterName") or cluster.name,
            endpoint=text_at(patch, "controlPlaneEndpoint") or cluster.control_plane_endpoint,
            said=spec.said | _patched(patch, kubelet, flags),
            endpoints=_defaults(spec, addresses) if endpoint_is_default(spec) else (),
            pod_subnet=flags.get("cluster-cidr")
            or text_at(patch, "networking", "podSubnet")
            or cluster.pod_subnet,
            service_subnet=flags.get("service-cluster-ip-range")
            or text_at(patch, "networking", "serviceSubnet")
            or cluster.service_subnet,
            dns_domain=text_at(kubelet, "clusterDomain")
            or text_at(patch, "networking", "dnsDomain")
            or cluster.dns_domain,
        )

    def differences(self, found: Membership) -> Iterator[Difference]:
        """Where the cluster is another than the inventory's; what a machine does not know is not compared."""
        if found.cluster_name not in ("", self.name):
            yield Difference(NAME, found.cluster_name, self.name)
        if CONTROLLER_MANAGER in found.parts:
            for key, there, wanted in (
                ("cluster.podSubnet", found.pod_subnet, self.pod_subnet),
                ("cluster.serviceSubnet", found.service_subnet, self.service_subnet),
            ):
                if not _are_same_networks(there, wanted):
                    yield Difference(key, there, wanted)
        if found.dns_domain.rstrip(".") not in ("", self.dns_domain.rstrip(".")):
            yield Difference("cluster.dnsDomain", found.dns_domain, self.dns_domain)
        if found.server and not any(map(self.is_endpoint, found.endpoints)):
            endpoint = found.endpoints[-1].removeprefix("https://")
            yield Difference("cluster.controlPlaneEndpoint", endpoint, self.endpoint)

    def counts(self, difference: Difference) -> bool:
        """Whether it stands against what the inventory sets; a running cluster keeps what it does not set."""
        if difference.key == NAME and NAME not in self.said:
            return difference.found not in DEFAULT_NAMES
        return difference.key in self.said

    def is_endpoint(self, server: str) -> bool:
        """Whether a kubeconfig's server is the inventory's endpoint."""
        endpoint = server.rstrip("/").lower().removeprefix("https://")
        return endpoint in (self.endpoint.lower(), *self.endpoints)


def differences_of_member(
    host: HostSpec, found: Membership, addresses: Collection[str]
) -> Iterator[Difference]:
    """Where a member is another than the inventory's host. addresses: those that the machine has."""
    if found.node_name not in ("", host.name):
        yield Difference("name", found.node_name, host.name)
    if found.has_control_plane and host.role == "node":
        yield Difference("role", "a master", "node")
    if host.role == "master" and not found.has_control_plane and ADMIN_CONF not in found.parts:
        yield Difference("role", "a node", "master")
    if host.node_address not in ("", found.node_ip) and found.node_ip in addresses:
        yield Difference("nodeAddress", found.node_ip, host.node_address)


def _patched(*sections: Mapping[str, Any]) -> frozenset[str]:
    """The keys that the `kubeadm` section sets in other words."""
    cluster, kubelet, flags = sections
    found = {
        "cluster.controlPlaneEndpoint": text_at(cluster, "controlPlaneEndpoint"),
        "cluster.podSubnet": flags.get("cluster-cidr") or text_at(cluster, "networking", "podSubnet"),
        "cluster.serviceSubnet": flags.get("service-cluster-ip-range")
        or text_at(cluster, "networking", "serviceSubnet"),
        "cluster.dnsDomain": text_at(kubelet, "clusterDomain") or text_at(cluster, "networking", "dnsDomain"),
    }
    return frozenset(key for key, value in found.items() if value)


def _flags(patch: Mapping[str, Any]) -> dict[str, str]:
    """The controller manager's extra arguments, as a mapping or as a list of name and value."""
    section = patch.get("controllerManager")
    given = section.get("extraArgs") if isinstance(section, Mapping) else None
    if isinstance(given, Mapping):
        return {str(key): str(value) for key, value in given.items()}
    if not isinstance(given, list | tuple):
        return {}
    return {text_at(each, "name"): text_at(each, "value") for each in given}


def _are_same_networks(one: str, other: str) -> bool:
    try:
        return ipaddress.ip_network(one, strict=False) == ipaddress.ip_network(other, strict=False)
    except ValueError:
        return one == other


def _defaults(spec: Spec, addresses: Collection[str]) -> tuple[str, ...]:
    first = spec.masters[0]
    return tuple(joined_endpoint(each, API_SERVER).lower() for each in (first.address, *addresses))
