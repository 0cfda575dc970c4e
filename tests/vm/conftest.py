"""The lab of virtual machines of each file in here, removed afterwards. Tests run in the order they stand in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from machines import Machines


@pytest.fixture(scope="module")
def vms(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    """A bare master and a bare node, with mirrors of the file's KUBERNETES.

    $K8SBOOT_KEEP_VMS takes those that run, and leaves them running, for a look at what failed.
    """
    if os.geteuid() != 0 or not Path("/etc/debian_version").exists():
        pytest.skip("the lab needs root on Debian")
    minor: str = request.module.KUBERNETES
    made = Machines(f"vmtest{minor.replace('.', '-')}", tmp_path_factory.mktemp("state"))
    is_kept = bool(os.environ.get("K8SBOOT_KEEP_VMS"))
    if not is_kept:
        made.control("down")
    made.control("up", "--kubernetes", minor, timeout=2400)
    yield made
    if not is_kept:
        made.control("down")
