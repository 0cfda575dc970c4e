"""The manifest of any pod network's own, on the parsed YAML: podSubnet is set where it has a place for it. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from k8sboot.errors import Refused
from k8sboot.kubernetes.answers import at, mappings_at, text_at
from k8sboot.kubernetes.yamltext import dump_documents, load_documents
from k8sboot.secret import Secret

HEADER = "# Managed by k8sboot: the manifest of the pod network, with this cluster's podSubnet.\n"
FLANNEL, CALICO = "net-conf.json", "CALICO_IPV4POOL_CIDR"
"""Places for podSubnet: a ConfigMap's key, whose `Network` it is, and a variable of containers."""
OTHERS = ("cluster-pool-ipv4-cidr", "IPALLOC_RANGE")
"""A ConfigMap's key of Cilium and a variable of Weave: compared with podSubnet and not changed."""

Documents = list[dict[str, Any]]


@dataclass(frozen=True)
class NetworkManifest:
    """objects: to be applied; not shown where a Secret is among them. definitions: CRDs to be applied before, where
    others of these objects need them; or ''.

    others: networks that it names and that are not podSubnet, as 'NAME NETWORK'. daemon_sets: their names.
    """

    objects: str | Secret
    definitions: str
    others: tuple[str, ...]
    daemon_sets: frozenset[str]


def fitted(text: str, pod_subnet: str) -> NetworkManifest:
    """The manifest for this podSubnet. Raises Refused if the text does not consist of objects."""
    documents = _objects(text)
    for document in documents:
        _set_flannel(document, pod_subnet)
        for variable in _variables(document, CALICO):
            variable.clear()
            variable.update(name=CALICO, value=pod_subnet)
    definitions = _needed_definitions(documents)
    rest = [each for each in documents if each not in definitions]
    objects = HEADER + dump_documents(rest)
    return NetworkManifest(
        objects=Secret(objects) if any(each["kind"] == "Secret" for each in rest) else objects,
        definitions=HEADER + dump_documents(definitions) if definitions else "",
        others=tuple(f"{name} {network}" for name, network in _named(documents) if network != pod_subnet),
        daemon_sets=daemon_sets(documents),
    )


def daemon_sets_of(text: str) -> frozenset[str]:
    """The names of the DaemonSets of a manifest. Raises Refused as fitted does."""
    return daemon_sets(_objects(text))


def daemon_sets(documents: Documents) -> frozenset[str]:
    """The names of the DaemonSets among these objects."""
    return frozenset(text_at(each, "metadata", "name") for each in documents if each["kind"] == "DaemonSet")


def _objects(text: str) -> Documents:
    loaded = load_documents(text, "the pod network's manifest")
    found = [item for each in loaded for item in _items(each)]
    if not found or not all(_is_object(each) for each in found):
        raise Refused(
            "the file is not a manifest of a pod network",
            why="it does not consist of Kubernetes objects, each with apiVersion, kind and metadata.name",
            fix="set `network.manifest` to the file that the plugin's documentation applies with `kubectl apply -f`",
            code="KB-NETWORK-MANIFEST",
        )
    return found


def _items(document: dict[str, Any]) -> list[dict[str, Any]]:
    items = document.get("items")
    is_list = text_at(document, "kind") == "List" and isinstance(items, list)
    return [each if isinstance(each, dict) else {} for each in items or ()] if is_list else [document]


def _is_object(document: dict[str, Any]) -> bool:
    return all(
        (text_at(document, "apiVersion"), text_at(document, "kind"), text_at(document, "metadata", "name"))
    )


def _set_flannel(document: dict[str, Any], pod_subnet: str) -> None:
    config = _json(at(document, "data", FLANNEL)) if document["kind"] == "ConfigMap" else {}
    if config and config.get("Network") != pod_subnet:
        document["data"][FLANNEL] = json.dumps({**config, "Network": pod_subnet}, indent=2) + "\n"


def _json(text: object) -> dict[str, Any]:
    try:
        found = json.loads(text) if isinstance(text, str) else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _variables(document: dict[str, Any], *names: str) -> Iterator[dict[str, Any]]:
    pod = at(document, "spec", "template", "spec")
    for section in ("initContainers", "containers"):
        for container in mappings_at(pod, section):
            for each in mappings_at(container, "env"):
                if isinstance(each, dict) and text_at(each, "name") in names:
                    yield each


def _named(documents: Documents) -> Iterator[tuple[str, str]]:
    for document in documents:
        if document["kind"] == "ConfigMap":
            data = at(document, "data")
            yield from ((name, text_at(data, name)) for name in OTHERS if text_at(data, name))
        for each in _variables(document, *OTHERS):
            if value := text_at(each, "value"):
                yield text_at(each, "name"), value


def _needed_definitions(documents: Documents) -> Documents:
    """All definitions, where one of their groups has objects in the manifest: kubectl must know these kinds first."""
    definitions = [each for each in documents if each["kind"] == "CustomResourceDefinition"]
    groups = {text_at(each, "spec", "group") for each in definitions}
    is_used = any(each["apiVersion"].partition("/")[0] in groups for each in documents)
    return definitions if is_used else []
