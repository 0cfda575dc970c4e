"""Fuzzing: each target of this folder is tried with new examples until its share of the time is over."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, is_hypothesis_test, settings

SETTINGS = settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[*HealthCheck],
    phases=[Phase.reuse, Phase.generate, Phase.target, Phase.shrink],
)
FIGURES: list[tuple[str, int, float, bool]] = []
"""(target, cases, seconds, whether it crashed), in the process that reports."""


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for all examples."""
    return tmp_path_factory.mktemp("fuzz")


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a target in rounds of examples: hypothesis itself knows no limit of time."""
    test: Any = pyfuncitem.obj
    if not is_hypothesis_test(test):
        return None
    SETTINGS(test)
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    workers = int(getattr(pyfuncitem.config, "workerinput", {}).get("workercount", 1))
    targets = sum(1 for item in pyfuncitem.session.items if is_hypothesis_test(getattr(item, "obj", None)))
    share = pyfuncitem.config.getoption("--fuzz-seconds") * workers / targets
    begun, cases = time.monotonic(), [0]
    inner = test.hypothesis.inner_test
    test.hypothesis.inner_test = _counted(inner, cases)
    try:
        test(**arguments)
        while time.monotonic() < begun + share:
            test(**arguments)
    finally:
        test.hypothesis.inner_test = inner
        pyfuncitem.user_properties += [("cases", cases[0]), ("seconds", time.monotonic() - begun)]
    return True


def _counted(inner: Any, cases: list[int]) -> Any:
    def run(*args: Any, **named: Any) -> Any:
        cases[0] += 1
        return inner(*args, **named)

    return run


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    found = dict(report.user_properties)
    if report.when == "call" and "cases" in found:
        target = report.nodeid.rpartition("::")[2]
        FIGURES.append((target, found["cases"], found["seconds"], report.failed))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not FIGURES:
        return
    terminalreporter.section("fuzzing")
    for target, cases, seconds, has_crashed in sorted(FIGURES):
        terminalreporter.line(
            f"{cases:9} cases {seconds:7.0f} s  {'CRASHED' if has_crashed else 'ok':7} {target}"
        )
    cases, crashes = sum(each[1] for each in FIGURES), sum(each[3] for each in FIGURES)
    seconds = sum(each[2] for each in FIGURES)
    terminalreporter.line(f"{len(FIGURES)} targets, {cases} cases, {seconds:.0f} s, {crashes} crashes")
