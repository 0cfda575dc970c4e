"""Finished clusters, to be restored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fake_cluster import FakeCluster, copied
from restored import bare_debian, cluster
from runs import raise_errors, run

from k8sboot.runbook import UP


@pytest.fixture(scope="module")
def made_once() -> dict[Any, FakeCluster]:
    """Finished clusters by system, to be copied."""
    return {}


@pytest.fixture
def finished(made_once: dict[Any, FakeCluster]) -> Callable[..., FakeCluster]:
    def a_copy(system: Callable[[], dict[str, Any]] = bare_debian) -> FakeCluster:
        if system not in made_once:
            made_once[system] = cluster(system)
            raise_errors(run(made_once[system], UP))
        return copied(made_once[system])

    return a_copy
