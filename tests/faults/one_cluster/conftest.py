"""Hosts that the tests of a file share, in the order in which they stand: each goes on from the one before."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from faultclusters import LONG, UP
from faulthosts import FaultyHost
from faultruns import Controller
from faultward import Ward
from on_lab import HOSTS


@pytest.fixture(scope="module")
def controller(ward: Ward, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    """Where k8sboot runs for all tests of the file; the hosts are made anew at the end."""
    with contextlib.closing(Controller(ward.lab, tmp_path_factory.mktemp("cluster"))) as made:
        yield made
    ward.lab.control("reset", *HOSTS)


@pytest.fixture
def hosts(ward: Ward) -> Iterator[dict[str, FaultyHost]]:
    """The hosts as the test before has left them."""
    found = {name: ward.host(name) for name in HOSTS}
    yield found
    for host in found.values():
        host.undo.close()


@pytest.fixture(scope="module")
def whole(controller: Controller) -> dict[str, Any]:
    """The inventory of all three hosts."""
    return {**controller.spec}


@pytest.fixture(scope="module")
def made(controller: Controller) -> Controller:
    """A cluster of all three hosts."""
    controller.run(*UP, within=LONG)
    return controller


@pytest.fixture
def cluster(made: Controller) -> Iterator[Controller]:
    """That cluster, with the inventory that it was made with, before and after."""
    before = deepcopy(made.spec)
    yield made
    made.spec = before
