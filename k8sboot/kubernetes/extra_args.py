"""Extra arguments in kubeadm's configuration: a mapping up to v1beta3, a list of name and value from v1beta4 on. Pure.

The inventory may have either form; the document of a release has the form that it reads, and both compare alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from k8sboot.errors import Refused
from k8sboot.kubernetes.release import ConfigApi

KEYS = ("extraArgs", "kubeletExtraArgs")


def for_api(document: object, api: ConfigApi) -> Any:  # noqa: ANN401 - YAML
    """The document with all its extra arguments in the form of that API. Refused where it cannot hold them."""
    return _each(document, _as_list if api == "v1beta4" else _as_text_mapping)


def comparable(document: object) -> Any:  # noqa: ANN401 - YAML
    """The document with all its extra arguments as mappings; an argument that is given twice has a list of values."""
    return _each(document, as_mapping)


def as_mapping(arguments: object) -> dict[str, Any]:
    """Extra arguments of either form by name."""
    if isinstance(arguments, Mapping):
        return dict(arguments)
    found: dict[str, list[str]] = {}
    for each in arguments if isinstance(arguments, list) else ():
        if isinstance(each, Mapping) and "name" in each:
            found.setdefault(str(each["name"]), []).append(_text(each.get("value", "")))
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _each(value: object, form: Callable[[Any], object]) -> object:
    if isinstance(value, list):
        return [_each(inner, form) for inner in value]
    if not isinstance(value, Mapping):
        return value
    return {
        key: form(inner) if key in KEYS and isinstance(inner, Mapping | list) else _each(inner, form)
        for key, inner in value.items()
    }


def _as_list(arguments: Mapping[str, Any] | list[Any]) -> list[Any]:
    if isinstance(arguments, list):
        return arguments
    return [{"name": name, "value": _text(value)} for name, value in arguments.items()]


def _as_text_mapping(arguments: Mapping[str, Any] | list[Any]) -> dict[str, Any]:
    found = as_mapping(arguments)
    twice = [name for name, value in found.items() if isinstance(value, list)]
    if twice:
        raise Refused(
            f"the extra argument `{twice[0]}` is given twice",
            why="kubeadm reads extra arguments that repeat from Kubernetes 1.31 on",
            fix=f"give `{twice[0]}` once in the inventory's kubeadm section",
            code="KB-KUBEADM-PATCH",
        )
    return {name: _text(value) for name, value in found.items()}


def _text(value: object) -> str:
    """A value as kubeadm writes it on a command line."""
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
