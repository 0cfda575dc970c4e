"""A cluster on the runbook's own platform, CentOS 7.9, finished and bare; and what is said of an inventory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fake_cluster import FakeCluster, copied
from fake_systems import MIRRORED, el7
from inventories import spec
from runs import raise_errors, run

from k8sboot.errors import InventoryError
from k8sboot.inventory.load import load
from k8sboot.inventory.os_settings import OsSettings
from k8sboot.runbook import UP

HOSTS = "masters:\n  - {name: m1, address: 10.0.0.1}\nnodes:\n  - {name: n1, address: 10.0.0.2}\n"

Centos = Callable[..., FakeCluster]


@pytest.fixture
def centos(clock: object) -> Centos:
    """Makes bare machines; os: keys of that section, masters: how many."""

    def make(*, masters: int = 1, **os: object) -> FakeCluster:
        wanted = spec(masters=masters, os=OsSettings(**{"repositories": MIRRORED, **os}))
        return FakeCluster(wanted, **dict.fromkeys([h.name for h in wanted.hosts], el7))

    return make


@pytest.fixture(scope="session")
def _centos_cluster() -> FakeCluster:
    names = dict.fromkeys(("m1", "n1", "n2"), el7)
    cluster = FakeCluster(spec(os=OsSettings(repositories=MIRRORED)), **names)
    raise_errors(run(cluster, UP))
    return cluster


@pytest.fixture
def finished(_centos_cluster: FakeCluster, clock: object) -> FakeCluster:
    """A cluster of CentOS machines."""
    return copied(_centos_cluster)


@pytest.fixture
def codes(tmp_path: Path) -> Callable[[str], list[str]]:
    """The codes of all that is said of an inventory's text."""

    def codes_of(text: str) -> list[str]:
        path = tmp_path / "inventory.yaml"
        text += "" if "masters:" in text else HOSTS
        path.write_text(text if "cluster:" in text else f"{text}cluster: {{kubernetesVersion: v1.23.17}}\n")
        try:
            return [p.code for p in load(str(path), environ={"HOME": str(tmp_path)}).warnings]
        except InventoryError as error:
            return [p.code for p in error.problems]

    return codes_of
