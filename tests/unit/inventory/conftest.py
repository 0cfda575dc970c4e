"""An inventory written as text, loaded; and its problems, wherever they are told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from k8sboot.errors import InventoryError, Problem
from k8sboot.inventory import Loaded, load

HOSTS = "masters:\n  - {name: m1, address: 10.0.0.1}\nnodes:\n  - {name: n1, address: 10.0.0.2}\n"

Inventory = Callable[..., Loaded]
Problems = Callable[..., list[Problem]]


@pytest.fixture
def inventory(tmp_path: Path) -> Inventory:
    """Loads text, completed by one master and one node unless it has its own."""

    def load_text(text: str | bytes, *, hosts: bool = True, **options: object) -> Loaded:
        path = tmp_path / "inventory.yaml"
        raw = text if isinstance(text, bytes) else text.encode()
        path.write_bytes(raw + (HOSTS.encode() if hosts and b"masters:" not in raw else b""))
        return load(str(path), **{"environ": {"HOME": str(tmp_path)}, **options})

    return load_text


@pytest.fixture
def problems(inventory: Inventory) -> Problems:
    """Every error and warning of text, in the order of the file."""

    def problems_of(text: str | bytes, **options: object) -> list[Problem]:
        try:
            return list(inventory(text, **options).warnings)
        except InventoryError as error:
            return list(error.problems)

    return problems_of
