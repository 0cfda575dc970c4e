"""Bare machines of each family of systems, and of both, with an inventory that has mirrors for all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from fake_cluster import FakeCluster
from fake_systems import MIRRORED, debian, el7
from inventories import spec

from k8sboot.inventory.os_settings import OsSettings

SYSTEMS: dict[str, Callable[[str], Callable]] = {
    "debian": lambda _name: debian,
    "el7": lambda _name: el7,
    "mixed": lambda name: el7 if name == "n1" else debian,
}


MIXED_IS_SLOW = pytest.mark.parametrize(
    "family",
    ["debian", "el7", pytest.param("mixed", marks=pytest.mark.slow)],
    indirect=True,
    scope="module",
)
"""For many cases of what each host does by itself: both families always, both in one cluster with --slow."""


def by_turns(cases: Sequence[str], *, every: int = 1) -> list[Any]:
    """For cases that differ little from family to family: (family, case), each on one of both families by turns;
    on the other, and on both in one cluster, with --slow. every: so many cases apart are those without it.
    """
    return [
        pytest.param(
            family,
            case,
            id=f"{case}-{family}",
            marks=[] if index % every == 0 and index // every % 2 == turn else [pytest.mark.slow],
        )
        for turn, family in enumerate(SYSTEMS)
        for index, case in enumerate(cases)
    ]


def machines(family: str, *, masters: int = 1, **settings) -> FakeCluster:
    it = spec(masters=masters, os=OsSettings(**{"repositories": MIRRORED, **settings}))
    return FakeCluster(it, **{host.name: SYSTEMS[family](host.name) for host in it.hosts})
