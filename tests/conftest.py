"""What every tier of tests shares."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

# A busy machine makes examples slow; that is no fault of what is tested.
settings.register_profile("k8sboot", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("k8sboot")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write tests/golden/files anew")
