"""The lab of virtual machines for all tests in here, removed afterwards. They run in the order they stand in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from machines import Machines


@pytest.fixture(scope="session")
def vms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    """A bare master and a bare node. $K8SBOOT_KEEP_VMS leaves them running, for a look at what failed."""
    if os.geteuid() != 0 or not Path("/etc/debian_version").exists():
        pytest.skip("the lab needs root on Debian")
    made = Machines("vmtest", tmp_path_factory.mktemp("state"))
    made.control("down")
    made.control("up", timeout=2400)
    yield made
    if not os.environ.get("K8SBOOT_KEEP_VMS"):
        made.control("down")
