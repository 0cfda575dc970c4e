"""The manifests of the control plane on a master, which kubelet runs as static Pods."""

from __future__ import annotations

from k8sboot.kubernetes.answers import at, mappings_at
from k8sboot.kubernetes.paths import MANIFESTS
from k8sboot.kubernetes.yamltext import load_documents

COMPONENTS = {
    "apiServer": "kube-apiserver",
    "controllerManager": "kube-controller-manager",
    "scheduler": "kube-scheduler",
}
"""By their sections in ClusterConfiguration."""


def manifest_of(component: str) -> str:
    """The path of a component's manifest."""
    return f"{MANIFESTS}/{component}.yaml"


def flags(text: str, *, what: str) -> dict[str, str | list[str]]:
    """The flags of a manifest's first container by name; 'true' for one without a value, a list for one that repeats.

    Refused if it is not YAML.
    """
    documents = load_documents(text, what)
    containers = mappings_at(documents[0], "spec", "containers") if documents else ()
    words = [*(at(containers[0], "command") or ()), *(at(containers[0], "args") or ())] if containers else []
    given = (str(word).removeprefix("--").partition("=") for word in words if str(word).startswith("--"))
    found: dict[str, list[str]] = {}
    for name, equals, value in given:
        found.setdefault(name, []).append(value if equals else "true")
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}
