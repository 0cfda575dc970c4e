"""The configuration files of `kubeadm init` and `kubeadm join`, for every version of their API.

Rendered from a template, merged with the inventory's free fields, then written again in a stable order: the same
inventory gives the same bytes.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, Protocol

from k8sboot.errors import Refused
from k8sboot.kubernetes import extra_args, ports
from k8sboot.kubernetes.patching import patched
from k8sboot.kubernetes.release import ConfigApi
from k8sboot.kubernetes.versions import KubernetesVersion
from k8sboot.kubernetes.yamltext import dump_documents, load_documents

# What the runbook asked of a sysctl that kube-proxy owns: it takes the larger of this and its own reckoning.
CONNTRACK_MIN = 2310720

_UNKNOWN_FIELD = re.compile(r'unknown field \\?"([^"\\\s]{1,200})\\?"')
_NOT_IN_CERTIFICATES = re.compile("[_%]")
"""ssh takes such names and zones, kubeadm does not."""


class Render(Protocol):
    """Renders a template by name: k8sboot.templates.render, which this layer may not import."""

    def __call__(self, name: str, **values: object) -> str: ...


@dataclass(frozen=True)
class ControlPlane:
    """Settings of the whole cluster. endpoint: host:port. addresses: of every master.

    login_addresses: the addresses or names of the masters by which operators reach them. Those that kubeadm refuses are
        not in the certificate.

    dns_repository: of CoreDNS, where it is not as kubeadm expects it.
    cri_socket: the container runtime's endpoint for kubelet. kubelet_settings: what kubelet does for this runtime.
    """

    version: KubernetesVersion
    endpoint: str
    addresses: tuple[str, ...]
    names: tuple[str, ...]
    cri_socket: str
    name: str = "kubernetes"
    pod_subnet: str = "172.16.0.0/16"
    service_subnet: str = "10.96.0.0/16"
    dns_domain: str = "cluster.local"
    image_repository: str = "registry.k8s.io"
    dns_repository: str = ""
    cert_sans: tuple[str, ...] = ()
    login_addresses: tuple[str, ...] = ()
    kubelet_settings: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True)
class NodeRegistration:
    """The machine that init or join runs on. name: its node name. ignored_checks: of kubeadm's preflight."""

    name: str
    address: str
    bind_port: int = ports.API_SERVER
    ignored_checks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proxy:
    """kube-proxy's part of the configuration. scheduler and strict_arp apply only to mode ipvs."""

    mode: str = "ipvs"
    scheduler: str = "rr"
    strict_arp: bool = False
    conntrack_min: int = CONNTRACK_MIN


@dataclass(frozen=True)
class JoinCredentials:
    """A machine's credentials for joining. certificate_key makes it a master.

    token and certificate_key are secrets in plain text: build this at the last moment, and do not store it.
    """

    endpoint: str
    token: str = field(repr=False)
    ca_cert_hashes: tuple[str, ...]
    certificate_key: str = field(default="", repr=False)


def kubeadm_config(
    render: Render,
    cluster: ControlPlane,
    node: NodeRegistration,
    *,
    proxy: Proxy,
    patches: Mapping[str, Mapping[str, Any]],
) -> str:
    """The file for `kubeadm init`: Init-, Cluster-, Kubelet- and KubeProxyConfiguration.

    patches: fields to merge, by the document's kind. Raises Refused if one cannot be merged. The file holds no secret:
    kubeadm generates the bootstrap token itself.
    """
    api = cluster.version.release.config_api
    text = render(
        "kubeadm-config.yaml.j2",
        api=api,
        cluster=cluster,
        node=node,
        proxy=proxy,
        cri_socket=cluster.cri_socket,
        taints=cluster.version.release.control_plane_taints,
        cert_sans=cert_sans(cluster),
    )
    ignoring = _ignoring(patches.get("InitConfiguration", {}), node)
    return _with_patches(text, {**patches, "InitConfiguration": ignoring}, api=api)


def join_config(
    render: Render,
    cluster: ControlPlane,
    node: NodeRegistration,
    *,
    credentials: JoinCredentials,
    patch: Mapping[str, Any],
) -> str:
    """The file for `kubeadm join` of a node, or of a master if credentials hold a certificate key.

    The text holds the token and the key in plain text: the caller wraps it in a Secret, writes it with mode 0600 and
    removes it after the join. patch: fields to merge. Raises Refused if one cannot be merged.
    """
    api = cluster.version.release.config_api
    text = render(
        "kubeadm-join.yaml.j2",
        api=api,
        node=node,
        credentials=credentials,
        cri_socket=cluster.cri_socket,
        taints=cluster.version.release.control_plane_taints if credentials.certificate_key else (),
    )
    return _with_patches(text, {"JoinConfiguration": _ignoring(patch, node)}, api=api)


def unknown_fields(output: str) -> tuple[str, ...]:
    """Fields of a file that kubeadm does not know, from its stderr.

    Newer versions reject the file; old ones (1.20 was tried) warn, ignore the field and continue.
    """
    return tuple(dict.fromkeys(_UNKNOWN_FIELD.findall(output)))


def cert_sans(cluster: ControlPlane) -> list[str]:
    """Every name and address of the API server, each once: a certificate cannot be extended later."""
    host, _ = split_endpoint(cluster.endpoint)
    reached = (each for each in cluster.login_addresses if not _NOT_IN_CERTIFICATES.search(each))
    names = (host, *cluster.names, *cluster.addresses, *reached)
    wanted = (*names, "127.0.0.1", *cluster.cert_sans)
    return list(dict.fromkeys(name for name in wanted if name))


def split_endpoint(endpoint: str) -> tuple[str, int]:
    """('api.example.org', 6443) for 'api.example.org:6443'; an IPv6 address is in brackets."""
    host, colon, port = endpoint.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not port.isascii() or not port.isdigit() or (":" in host and not _is_ipv6(host)):
        raise Refused(f"{endpoint!r} is not an endpoint", why="an endpoint is host:port", code="KB-ENDPOINT")
    return host, int(port)


def _is_ipv6(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).version == 6
    except ValueError:
        return False


def _ignoring(patch: Mapping[str, Any], node: NodeRegistration) -> Mapping[str, Any]:
    """The patch with the checks that the machine is to ignore, beside those that it names itself."""
    if not node.ignored_checks:
        return patch
    registration = patch.get("nodeRegistration") or {}
    checks = dict.fromkeys((*node.ignored_checks, *(registration.get("ignorePreflightErrors") or ())))
    return {**patch, "nodeRegistration": {**registration, "ignorePreflightErrors": [*checks]}}


def _with_patches(text: str, patches: Mapping[str, Mapping[str, Any]], *, api: ConfigApi) -> str:
    header = "".join(takewhile(lambda line: line.startswith("#"), text.splitlines(keepends=True)))
    documents = []
    for document in load_documents(text, "the rendered kubeadm configuration"):
        kind = document["kind"]
        where = f"kubeadm.{kind[0].lower()}{kind[1:]}"
        result = patched(document, patches.get(kind, {}), where=where)
        documents.append(extra_args.for_api(result, api))
    return header + dump_documents(documents)
