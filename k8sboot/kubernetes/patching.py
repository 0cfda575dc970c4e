"""Merge the inventory's free fields into a rendered document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from k8sboot.errors import Refused

_FIXED = ("apiVersion", "kind")


def patched(document: Mapping[str, Any], patch: Mapping[str, Any], *, where: str) -> dict[str, Any]:
    """A copy of document with patch merged into it, sharing nothing with either.

    Mappings merge key by key, lists and scalars replace, null removes a field. where: the patch's key in the inventory,
    for the error. Raises Refused if a mapping meets something else, since one of the two is then misunderstood, and for
    apiVersion and kind, which follow the version of Kubernetes. A field that does not exist is accepted: kubeadm knows
    best what its version supports (see config.unknown_fields).
    """
    for key in _FIXED:
        if key in patch and patch[key] != document.get(key):
            raise Refused(
                f"{where}.{key} cannot be changed",
                why=f"it is {document.get(key)}, which follows from the version of Kubernetes",
                fix=f"remove {key} from {where} in the inventory",
                code="KB-KUBEADM-PATCH",
            )
    return _merged(document, patch, where)


def _merged(base: Mapping[str, Any], patch: Mapping[str, Any], where: str) -> dict[str, Any]:
    result = {key: _copied(value) for key, value in base.items() if patch.get(key, value) is not None}
    for key, value in patch.items():
        here = f"{where}.{key}"
        if value is None:
            continue
        if key in result:
            _refuse_other_shape(result[key], value, here)
        under = result.get(key)
        result[key] = _merged(under, value, here) if isinstance(under, Mapping) else _copied(value)
    return result


def _refuse_other_shape(under: object, value: object, where: str) -> None:
    if _shape(under) != _shape(value):
        raise Refused(
            f"{where} cannot be {_shape(value)}",
            why=f"k8sboot renders {_shape(under)} there",
            fix=f"set {where} in the inventory to {_shape(under)}, or to null to remove the field",
            code="KB-KUBEADM-PATCH",
        )


def _shape(value: object) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    return "a list" if isinstance(value, (list, tuple)) else "a single value"


def _copied(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _copied(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, (list, tuple)):
        return [_copied(inner) for inner in value]
    return value
