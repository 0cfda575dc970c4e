"""One lab for all end-to-end tests, removed afterwards. The tests run in the order they stand in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from on_lab import HOSTS, MASTER, Lab, brought_up


@pytest.fixture(scope="session")
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One lab for all of them."""
    with brought_up(
        "e2e", tmp_path_factory.mktemp("state"), family=request.config.getoption("--family")
    ) as made:
        yield made


@pytest.fixture(scope="session")
def plan_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where one test keeps a plan for others."""
    return tmp_path_factory.mktemp("plan") / "plan.json"


@pytest.fixture(scope="session", autouse=True)
def bare(lab: Lab) -> dict[str, dict[str, str]]:
    """What the hosts were before anything was done to them."""
    return {host: lab.system(host) for host in HOSTS}


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
