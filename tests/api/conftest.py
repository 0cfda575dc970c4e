"""An API server for each minor that the lab has built, started once for all tests of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from apiservers import ApiServer, Programs, found, started


@pytest.fixture(scope="session", params=found(), ids=lambda programs: programs.minor)
def api(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """One that answers; skipped with the reason where its programs are absent."""
    programs: Programs = request.param
    if programs.missing:
        pytest.skip(programs.missing)
    with started(programs, tmp_path_factory.mktemp(f"api-{programs.minor}")) as server:
        yield server
