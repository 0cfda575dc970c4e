"""A lab of the newest Kubernetes with a real pod network, and Kubernetes' own suite; built when asked for."""

from __future__ import annotations

from collections.abc import Iterator

import kubernetes_suite
import pytest
from kubernetes_suite import Suite
from on_lab import Lab, brought_up

(KUBERNETES,) = kubernetes_suite.MINORS


@pytest.fixture(scope="session")
def suite() -> Suite:
    """Built before the lab, which would wait for it."""
    return kubernetes_suite.built(KUBERNETES)


@pytest.fixture(scope="session")
def lab(suite: Suite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A master, which takes no Pods of others, and two nodes."""
    state = tmp_path_factory.mktemp("state")
    of = {"family": "debian", "kubernetes": KUBERNETES, "plugin": "kube-router"}
    with brought_up("conformance", state, **of) as made:
        made.run("up", "--yes", timeout=3600)
        yield made
