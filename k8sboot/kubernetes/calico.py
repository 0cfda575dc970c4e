"""Calico's upstream manifest, adapted to a cluster: on the parsed YAML, never as text.

The manifest is calico-typha.yaml of a release; everything not named here stays as upstream has it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from k8sboot.errors import Refused
from k8sboot.kubernetes.answers import at, mappings_at, text_at
from k8sboot.kubernetes.versions import KubernetesVersion
from k8sboot.kubernetes.yamltext import dump_documents, load_documents

HEADER = "# Managed by k8sboot: Calico's manifest, fitted to this cluster.\n"

# SHA-256 of manifests/calico-typha.yaml at each release tag of projectcalico/calico.
MANIFEST_SHA256 = {
    "v3.24.6": "f1adec1a87b043e47e4b6b8cf798f4ddcfedb3cdd1c52a3a6612bfc1940fab47",
    "v3.25.2": "73122fb15ff792b86bcfcdb93519c9a99cd8c8da59821b7ce2e65870627566f8",
    "v3.26.5": "581fb773a10c224a0dd3c23e8ebd7ba7a468465a44c328b7ccdc66f58cb0b086",
    "v3.27.5": "0e69c1b76d9543bcccda4c672e2d2cf6eb1e369e3ab011e06da56b17663f8c7c",
    "v3.28.5": "0126ae47ad72cd8c6266f5ea07a299c0ab0ff56a6f06743d26494b10291080f0",
    "v3.29.7": "a6553e0feac5d703981568c9d7954f52d6b2abb51adace0a52bb65a80e9275d6",
    "v3.30.7": "a11fc074d2f7197e38af5fefdc58697e881da8eadc0778f2493a18a0a5908cfd",
    "v3.31.7": "86bdaabf6098f98320773a257f3408f70a8654e9ccf26a48e717ef2d028d71b7",
    "v3.32.1": "7ecc42a5ca2bd47764384f5c52b89b007c06cbf907fd3214c1cf4abc75ead76f",
}

# encapsulation -> (CALICO_IPV4POOL_IPIP, CALICO_IPV4POOL_VXLAN, calico_backend). With vxlan alone no routes
# are announced by BGP, so upstream's calico-vxlan.yaml turns bird off; without a tunnel bird does it all.
_ENCAPSULATION = {
    "ipip": ("Always", "Never", "bird"),
    "vxlan": ("Never", "Always", "vxlan"),
    "none": ("Never", "Never", "bird"),
}

_TYPHA = "calico-typha"
_INTERNAL_IP, _NFTABLES = (3, 24), (3, 31)
_BIRD_PROBES = ("-bird-live", "-bird-ready", "--bird-live", "--bird-ready")


@dataclass(frozen=True)
class CalicoOptions:
    """A cluster's settings for Calico. mtu 0: Calico detects it; typha_replicas 0: no Typha;
    image_repository empty: upstream's registry. has_node_addresses: its nodes use their InternalIP, instead of the
    first address that they find. proxy_mode: kube-proxy's; Calico has to use nftables where that does.
    """

    pod_cidr: str
    kubernetes_version: KubernetesVersion
    encapsulation: str = "ipip"
    mtu: int = 0
    typha_replicas: int = 0
    image_repository: str = ""
    has_node_addresses: bool = False
    proxy_mode: str = ""


def manifest_url(version: str) -> str:
    """The URL of upstream's manifest of a release, e.g. of v3.25.2."""
    return f"https://raw.githubusercontent.com/projectcalico/calico/{version}/manifests/calico-typha.yaml"


def typha_replicas(node_count: int) -> int:
    """The number of Typha Pods for this many nodes: none up to 50, then one for every 100, but at least three.

    Source: the comment at `replicas` in upstream's calico-typha.yaml.
    """
    return 0 if node_count <= 50 else max(3, math.ceil(node_count / 100))


def images(manifest_text: str, *, with_typha: bool = True) -> tuple[str, ...]:
    """Every image in the manifest, each once; from 3.33 on several components have the same one.

    Raises Refused if it is not a Calico manifest.
    """
    documents = _documents(manifest_text)
    used = [d for d in documents if with_typha or text_at(d, "metadata", "name") != _TYPHA]
    return tuple(dict.fromkeys(container["image"] for container in _containers(used) if "image" in container))


def set_calico(manifest_text: str, options: CalicoOptions) -> str:
    """The manifest with those options, as YAML. Raises Refused if it is not a Calico manifest."""
    documents = _documents(manifest_text)
    config, node = _config_map(documents), _calico_node(documents)
    ipip, vxlan, backend = _ENCAPSULATION[options.encapsulation]
    _set_env(node, "CALICO_IPV4POOL_CIDR", options.pod_cidr)
    _set_env(node, "CALICO_IPV4POOL_IPIP", ipip)
    _set_env(node, "CALICO_IPV4POOL_VXLAN", vxlan)
    if options.has_node_addresses:
        _set_node_address(node)
    if options.proxy_mode == "nftables" and _release(node) >= _NFTABLES:
        _set_env(node, "FELIX_NFTABLESMODE", "Enabled")
    config["data"]["calico_backend"] = backend
    config["data"]["veth_mtu"] = str(options.mtu)
    if backend != "bird":
        _drop_bird_probes(node)
    _set_typha(documents, config, options.typha_replicas)
    _set_budget_api(documents, options.kubernetes_version.release.budget_api)
    if options.image_repository:
        _move_images(documents, options.image_repository)
    return HEADER + dump_documents(documents)


def _documents(text: str) -> list[dict[str, Any]]:
    if text.lstrip()[:1] == "<":
        raise _not_calico("it is an HTML or XML page, such as a server's error page")
    documents = load_documents(text, "the Calico manifest")
    for find in (_config_map, _calico_node):
        find(documents)
    return documents


def _not_calico(why: str) -> Refused:
    return Refused(
        "the file is not a Calico manifest",
        why=why,
        fix="set calico.manifest in the inventory to Calico's manifests/calico-typha.yaml",
        code="KB-CALICO-MANIFEST",
    )


def _named(documents: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any] | None:
    matches = (d for d in documents if d.get("kind") == kind and text_at(d, "metadata", "name") == name)
    return next(matches, None)


def _config_map(documents: list[dict[str, Any]]) -> dict[str, Any]:
    found = _named(documents, "ConfigMap", "calico-config")
    if found is None or not isinstance(found.get("data"), dict):
        raise _not_calico("it has no ConfigMap calico-config")
    return found


def _calico_node(documents: list[dict[str, Any]]) -> dict[str, Any]:
    daemon_set = _named(documents, "DaemonSet", "calico-node")
    for container in _pod_containers(at(daemon_set, "spec", "template", "spec"), "containers"):
        if text_at(container, "name") == "calico-node" and isinstance(container.get("env"), list):
            return container
    raise _not_calico("it has no DaemonSet calico-node with its container and environment")


def _containers(documents: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for document in documents:
        for section in ("initContainers", "containers"):
            yield from _pod_containers(at(document, "spec", "template", "spec"), section)


def _pod_containers(pod: object, section: str) -> Iterator[dict[str, Any]]:
    yield from (entry for entry in mappings_at(pod, section) if isinstance(entry, dict))


def _set_env(container: dict[str, Any], name: str, value: str) -> None:
    env = container["env"]
    for entry in env:
        if isinstance(entry, dict) and entry.get("name") == name:
            entry.clear()
            entry.update(name=name, value=value)
            return
    env.append({"name": name, "value": value})


def _set_node_address(node: dict[str, Any]) -> None:
    """By the Node's InternalIP, which Calico can since v3.22, unless the manifest itself says another way."""
    said = {text_at(entry, "name") for entry in node["env"] if isinstance(entry, dict)}
    if _release(node) >= _INTERNAL_IP and "IP_AUTODETECTION_METHOD" not in said:
        _set_env(node, "IP_AUTODETECTION_METHOD", "kubernetes-internal-ip")


def _release(node: dict[str, Any]) -> tuple[int, ...]:
    """(3, 25) by the tag of calico-node's image; () where that is not one of a release."""
    found = re.search(r":v(\d{1,4})\.(\d{1,4})\.", str(node.get("image", "")))
    return (int(found[1]), int(found[2])) if found else ()


def _drop_bird_probes(node: dict[str, Any]) -> None:
    for probe in ("livenessProbe", "readinessProbe"):
        command = at(node, probe, "exec", "command")
        if isinstance(command, list):
            command[:] = [word for word in command if word not in _BIRD_PROBES]


def _set_typha(documents: list[dict[str, Any]], config: dict[str, Any], replicas: int) -> None:
    """Both places that upstream's comment names. Without Typha its objects stay, so that apply scales it down."""
    deployment = _named(documents, "Deployment", "calico-typha")
    spec = at(deployment, "spec")
    if isinstance(spec, dict):
        spec["replicas"] = replicas
    elif replicas:
        raise _not_calico("it has no Deployment calico-typha, but Typha is required")
    config["data"]["typha_service_name"] = "calico-typha" if replicas else "none"


def _set_budget_api(documents: list[dict[str, Any]], api: str) -> None:
    for document in documents:
        if document.get("kind") == "PodDisruptionBudget":
            document["apiVersion"] = api


def _move_images(documents: list[dict[str, Any]], repository: str) -> None:
    for container in _containers(documents):
        if isinstance(container.get("image"), str):
            name = container["image"].rpartition("/")[2]
            container["image"] = f"{repository.rstrip('/')}/{name}"
