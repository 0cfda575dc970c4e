"""Holds a document against the fields that a version of kubeadm's API knows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

TABLES = Path(__file__).parents[4] / "shared" / "data" / "kubeadm"
WORDS = {"string": str, "bool": bool, "int32": int}


def table(api: str) -> dict[str, dict[str, str]]:
    if not TABLES.is_dir():
        pytest.skip(f"no tables of kubeadm's fields in {TABLES}")
    types = json.loads((TABLES / f"{api}.json").read_text())
    # The later tables lack fields that Cluster API fills itself; they are as in v1beta2.
    first = json.loads((TABLES / "v1beta2.json").read_text())
    for kind, field in (
        ("BootstrapToken", "token"),
        ("BootstrapTokenDiscovery", "token"),
        ("BootstrapTokenDiscovery", "caCertHashes"),
        ("Discovery", "tlsBootstrapToken"),
    ):
        types[kind].setdefault(field, first[kind][field])
    return types


def misfits(value: Any, go_type: str, types: dict[str, dict[str, str]], path: str) -> list[str]:
    """Where a value does not fit its Go type, all the way down."""
    go_type = go_type.removeprefix("*")
    if go_type.startswith("[]"):
        if not isinstance(value, list):
            return [f"{path} is no list"]
        return [
            bad for i, inner in enumerate(value) for bad in misfits(inner, go_type[2:], types, f"{path}[{i}]")
        ]
    if go_type.startswith("map[string]"):
        if not isinstance(value, dict):
            return [f"{path} is no mapping"]
        return [
            bad for k, inner in value.items() for bad in misfits(inner, go_type[11:], types, f"{path}.{k}")
        ]
    if go_type in types:
        if not isinstance(value, dict):
            return [f"{path} is no {go_type}"]
        fields = types[go_type]
        unknown = [f"{path}.{key} is unknown" for key in value if key not in fields]
        known = [(key, inner) for key, inner in value.items() if key in fields]
        return unknown + [
            bad for k, inner in known for bad in misfits(inner, fields[k], types, f"{path}.{k}")
        ]
    if go_type in ("v1.Taint", "corev1.Taint"):
        return [] if set(value) <= {"key", "value", "effect"} else [f"{path} is no taint"]
    return [] if isinstance(value, WORDS.get(go_type, str)) else [f"{path} is no {go_type}"]
