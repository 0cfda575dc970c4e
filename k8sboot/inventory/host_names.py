"""The names of an inventory's hosts, for completion: nothing else is read or checked, no secret is fetched."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from k8sboot.inventory.interpolate import InterpolationError, interpolate

LARGEST = 1024 * 1024
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NAME = re.compile(r"[a-z0-9-]{1,63}")


def host_names(path: str) -> tuple[str, ...]:
    """The names in the inventory at path, masters first; none where it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            root = yaml.compose(file.read(LARGEST), Loader=_LOADER)
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return ()
    hosts = (host for role in ("masters", "nodes") for host in _items(_value(root, role)))
    return tuple(name for host in hosts if _NAME.fullmatch(name := _text(_value(host, "name"))))


def _value(node: yaml.Node | None, key: str) -> yaml.Node | None:
    """The value of the key, None where node is no mapping with it."""
    entries = node.value if isinstance(node, yaml.MappingNode) else ()
    return next((value for name, value in entries if name.value == key), None)


def _items(node: yaml.Node | None) -> Iterator[yaml.Node]:
    yield from node.value if isinstance(node, yaml.SequenceNode) else ()


def _text(node: yaml.Node | None) -> str:
    try:
        return interpolate(node.value, os.environ) if isinstance(node, yaml.ScalarNode) else ""
    except InterpolationError:
        return ""
