"""An inventory written as text, loaded; and its problems, wherever they are told."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from k8sboot.errors import InventoryError, Problem
from k8sboot.inventory.load import Loaded, load

HOSTS = "masters:\n  - {name: m1, address: 10.0.0.1}\nnodes:\n  - {name: n1, address: 10.0.0.2}\n"

VERSION = b"kubernetesVersion: v1.23.17"

Inventory = Callable[..., Loaded]
Problems = Callable[..., list[Problem]]


@pytest.fixture
def inventory(tmp_path: Path) -> Inventory:
    """Loads text, completed by one master, one node and a version of Kubernetes unless it has its own.

    is_quoted: the lines of the text stay as they are; a version that its `cluster` lacks is missing.
    """

    def load_text(
        text: str | bytes, *, hosts: bool = True, is_quoted: bool = False, **options: object
    ) -> Loaded:
        path = tmp_path / "inventory.yaml"
        raw = text if isinstance(text, bytes) else text.encode()
        if hosts:
            raw += b"" if b"masters:" in raw else HOSTS.encode()
            raw = raw if is_quoted and b"cluster:" in raw else with_version(raw)
        path.write_bytes(raw)
        return load(str(path), **{"environ": {"HOME": str(tmp_path)}, **options})

    return load_text


def with_version(raw: bytes) -> bytes:
    """The text with a version behind all that it has, so that columns stay."""
    if b"kubernetesVersion" in raw:
        return raw
    if b"cluster:" not in raw:
        return raw + b"cluster: {" + VERSION + b"}\n"
    return re.sub(rb"(cluster: \{.*)\}", rb"\1, " + VERSION + b"}", raw, count=1)


@pytest.fixture
def problems(inventory: Inventory) -> Problems:
    """Every error and warning of text, in the order of the file, but for a version that its `cluster` lacks."""

    def problems_of(text: str | bytes, **options: object) -> list[Problem]:
        try:
            return list(inventory(text, is_quoted=True, **options).warnings)
        except InventoryError as error:
            return [each for each in error.problems if each.code != "KB-VERSION-MISSING"]

    return problems_of
