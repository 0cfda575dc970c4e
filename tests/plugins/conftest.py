"""A lab of a current Kubernetes with a pod network of others; built when it is asked for, and removed afterwards."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from on_lab import Lab, brought_up

KUBERNETES = "1.37"


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Three bare hosts, and mirrors that have kube-router."""
    state = tmp_path_factory.mktemp("state")
    with brought_up("plugins", state, family="debian", kubernetes=KUBERNETES, plugin="kube-router") as made:
        yield made
