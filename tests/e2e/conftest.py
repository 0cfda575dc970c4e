"""One lab for all end-to-end tests, removed afterwards. The tests run in the order they stand in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import kubernetes_suite
import pytest
from engines import CONTAINERD, DOCKER, Engine
from kubernetes_suite import Suite
from on_lab import HOSTS, MASTER, Lab, brought_up


@pytest.fixture(scope="session")
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One lab for all of them."""
    of = {name: request.config.getoption(f"--{name}") for name in ("family", "kubernetes")}
    with brought_up("e2e", tmp_path_factory.mktemp("state"), **of) as made:
        yield made


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest) -> Engine:
    """The runtime that the lab's inventory sets for its version of Kubernetes."""
    return DOCKER if request.config.getoption("--kubernetes") == "1.20" else CONTAINERD


@pytest.fixture(scope="session")
def suite(request: pytest.FixtureRequest) -> Suite:
    """Kubernetes' own tests, which are built for the newest alone."""
    minor = request.config.getoption("--kubernetes")
    if minor not in kubernetes_suite.MINORS:
        pytest.skip(
            f"Kubernetes' own tests are built for {', '.join(kubernetes_suite.MINORS)}, not for {minor}"
        )
    return kubernetes_suite.built(minor)


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
