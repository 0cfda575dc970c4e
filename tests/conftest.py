"""What every tier of tests shares."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

# A busy machine makes examples slow; that is no fault of what is tested.
settings.register_profile("many", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("few", settings.get_profile("many"), max_examples=20)


def pytest_configure(config: pytest.Config) -> None:
    """Few examples of a property always, many with --slow; before the tests are imported, which build upon it."""
    settings.load_profile("many" if config.getoption("--slow") else "few")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write tests/golden/files anew")
    parser.addoption("--slow", action="store_true", help="also the tests that take long")
    parser.addoption("--fuzz-seconds", type=float, default=60.0, help="time for all of tests/fuzz together")
    parser.addoption(
        "--family",
        default="debian",
        choices=("debian", "el7", "el9", "mixed"),
        help="what the lab's hosts are",
    )
    parser.addoption(
        "--kubernetes", default="1.20", help="the minor version of Kubernetes on the lab's mirrors"
    )
    parser.addoption(
        "--only", default="", help="conformance tests whose names have this; docs/ stays as it is"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("slow") and not config.getoption("--slow"):
            item.add_marker(pytest.mark.skip(reason="takes long: --slow"))
