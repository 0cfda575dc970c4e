"""One lab for all rows of the fault matrix. Every test leaves the hosts as it found them, or they are made anew."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import faultengines
import pytest
from faultengines import Engine
from faulthosts import FaultyHost
from faultrows import NOT_HERE, PROPERTY, documented, told
from faultruns import Controller
from faultward import LAB_NAME, Ward
from on_lab import brought_up


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each report knows its row, and `-k row_64` selects it. The file that takes longest goes first."""
    turns = {"test_whole_clusters.py": 0, "test_several_masters.py": 2}
    items.sort(key=lambda item: turns.get(item.path.name, 1))
    for item in items:
        for mark in item.iter_markers("row"):
            item.user_properties.append((PROPERTY, tuple(mark.args)))
            item.extra_keyword_matches.add(f"row_{mark.args[0]}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table: row, fault, result, seconds."""
    reports = [
        report
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport)
        and (report.when == "call" or report.failed or report.skipped)
    ]
    lines = told(reports)
    if not lines:
        return
    if _is_whole(terminalreporter.config):
        lines += [(r.number, r.fault, r.proof, 0.0) for r in documented() if r.proof.startswith(NOT_HERE)]
    terminalreporter.section("fault matrix")
    for number, fault, result, seconds in sorted(lines):
        terminalreporter.write_line(f"{number:>3}  {fault[:60]:<60}  {seconds:>6.1f} s  {result}")


def _is_whole(config: pytest.Config) -> bool:
    """Whether the rows were not picked one by one."""
    return not config.option.keyword and not any(".py" in word for word in config.args)


@pytest.fixture(scope="session")
def ward(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    """The lab: three bare hosts and their mirrors."""
    of = {name: request.config.getoption(f"--{name}") for name in ("family", "kubernetes")}
    with brought_up(LAB_NAME, tmp_path_factory.mktemp("state"), **of) as lab:
        found = json.loads(lab.control("status", "--json"))
        yield Ward(lab, found["gateway"], {host["name"]: host for host in found["hosts"]})


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest) -> Engine:
    """The hosts' container runtime."""
    return faultengines.of(request.config.getoption("--kubernetes"))


@pytest.fixture
def hosts(ward: Ward) -> Iterator[dict[str, FaultyHost]]:
    """The hosts by name, healthy; healed again afterwards, by a reset where that does not help."""
    found = {name: ward.host(name) for name in ward.described}
    before = {name: host.disk.look() for name, host in found.items()}
    yield found
    ill = [name for name, host in found.items() if not _is_healed(host, before[name])]
    if ill:
        ward.lab.control("reset", *ill)


def _is_healed(host: FaultyHost, before: dict[str, tuple[int, ...]]) -> bool:
    try:
        host.heal()
    except (AssertionError, OSError, subprocess.SubprocessError):
        return False
    return not host.disk.differs(before) and host.answers()


@pytest.fixture
def master(hosts: dict[str, FaultyHost]) -> FaultyHost:
    """k8s-master01: root logs in by key."""
    return hosts["k8s-master01"]


@pytest.fixture
def node(hosts: dict[str, FaultyHost]) -> FaultyHost:
    """k8s-node01: ops logs in by key or password, and sudo asks for the password."""
    return hosts["k8s-node01"]


@pytest.fixture
def other(hosts: dict[str, FaultyHost]) -> FaultyHost:
    """k8s-node02: admin logs in by key, and sudo asks nothing."""
    return hosts["k8s-node02"]


@pytest.fixture
def controller(ward: Ward, hosts: dict[str, FaultyHost], tmp_path: Path) -> Iterator[Controller]:
    """Where k8sboot runs. Takes hosts, so that runs end before hosts are healed."""
    with contextlib.closing(Controller(ward.lab, tmp_path)) as made:
        yield made
