"""One lab for all end-to-end tests, removed afterwards. The tests run in the order they stand in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import HOSTS, MASTER, Lab

NAME = "e2e"


def pytest_addoption(parser: pytest.Parser) -> None:
    """--family: what the hosts are."""
    parser.addoption("--family", default="debian", choices=("debian", "el7", "mixed"))


@pytest.fixture(scope="session")
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Three bare hosts and their mirrors. Without root there is no lab, and that is said."""
    if os.geteuid() != 0 or not Path("/etc/debian_version").exists():
        pytest.skip("the lab needs root on Debian")
    made = Lab(NAME, tmp_path_factory.mktemp("state"))
    made.control("down")
    made.control("up", "--family", request.config.getoption("--family", default="debian"), timeout=1800)
    yield made
    made.control("down")


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
