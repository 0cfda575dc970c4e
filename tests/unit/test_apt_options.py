"""What every apt-get of ours is told: who waits, who answers, and whose configuration files stay."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable

import pytest
from fake_boot import Boot, wanted
from fake_cluster import FakeCluster
from workbench import Bench

from k8sboot import ensure

ALTERING = {"update", "install", "upgrade", "dist-upgrade", "full-upgrade"}


def apt_gets(lines: Iterable[str]) -> list[list[str]]:
    """The words of each command that runs apt-get for more than a simulation."""
    words = [shlex.split(line) for line in lines if "apt-get" in line]
    return [each for each in words if ALTERING & set(each) and "-s" not in each]


def options(words: list[str]) -> dict[str, str]:
    """What stands behind each -o, by its name: {"DPkg::Lock::Timeout": "600"}."""
    given = [after for word, after in zip(words, words[1:], strict=False) if word == "-o"]
    return {name.lower().rstrip(":"): value for name, _, value in (each.partition("=") for each in given)}


def verbs(found: list[list[str]]) -> set[str]:
    return {verb for words in found for verb in ALTERING & set(words)}


@pytest.fixture
def of_up(made: FakeCluster) -> list[list[str]]:
    """Those of a whole `up` on Debian."""
    found = apt_gets(line for host in made.hosts.values() for line in host.events)
    assert verbs(found) == {"update", "install"}
    return found


@pytest.fixture
def of_a_newer_kernel(machine: Callable[..., tuple[Bench, Boot]]) -> list[list[str]]:
    """The one that installs a kernel's packages."""
    bench, _ = machine()
    bench.do(ensure.newer_kernel, wanted())
    found = apt_gets(bench.connection.commands)
    assert verbs(found) == {"install"}
    return found


@pytest.mark.parametrize("whose", ["of_up", "of_a_newer_kernel"])
class TestEveryAptGet:
    """Of a whole run, and of the kernel's own chapter."""

    @pytest.fixture
    def found(self, whose: str, request: pytest.FixtureRequest) -> list[list[str]]:
        return request.getfixturevalue(whose)

    def test_keeps_the_configuration_files_that_an_operator_has_edited(self, found):
        for words in found:
            assert options(words)["dpkg::options"] == "--force-confold", shlex.join(words)
            assert not [word for word in words if "confnew" in word or "confdef" in word]

    def test_waits_ten_minutes_for_another_apt_instead_of_failing(self, found):
        for words in found:
            assert options(words)["dpkg::lock::timeout"] == "600", shlex.join(words)

    def test_asks_nobody_anything(self, found):
        for words in found:
            assert {"DEBIAN_FRONTEND=noninteractive", "NEEDRESTART_MODE=l"} <= set(words), shlex.join(words)
            assert "install" not in words or "-y" in words, shlex.join(words)
