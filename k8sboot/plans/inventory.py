"""Digests of an inventory's meaning, independent of its spelling."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass

from k8sboot.inventory.model import Spec
from k8sboot.secret import Secret


def digests(spec: Spec) -> dict[str, str]:
    """SHA-256 in hexadecimal of each section, without secrets. The file's spelling does not matter."""
    return {each.name: _digest(getattr(spec, each.name)) for each in fields(spec) if each.compare}


def _digest(value: object) -> str:
    text = json.dumps(_plain(value), sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> object:
    """As JSON values; secrets and unset values are left out."""
    if is_dataclass(value):
        value = {each.name: getattr(value, each.name) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items() if _counts(each)}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value if _counts(each)]
    return value


def _counts(value: object) -> bool:
    return value is not None and not isinstance(value, Secret)
