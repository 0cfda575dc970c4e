"""One lab for all end-to-end tests, removed afterwards. The tests run in the order they stand in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from on_lab import MASTER, Lab, brought_up


@pytest.fixture(scope="session")
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One lab for all of them."""
    with brought_up(
        "e2e", tmp_path_factory.mktemp("state"), family=request.config.getoption("--family")
    ) as made:
        yield made


@pytest.fixture(autouse=True)
def evidence(request: pytest.FixtureRequest, lab: Lab) -> Iterator[None]:
    """What the cluster looks like when a test has failed."""
    failed_before = request.session.testsfailed
    yield
    if request.session.testsfailed > failed_before:
        print(
            lab.ssh(
                MASTER,
                "sh",
                "-c",
                "kubectl get nodes,pods -A -o wide; journalctl -u kubelet -n 30",
                check=False,
            )
        )
