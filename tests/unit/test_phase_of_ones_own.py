"""A phase that somebody adds, with a unit, a program and a question of its own, needs no change in the fake host."""

from __future__ import annotations

import pytest
from fake_cluster import FakeCluster
from runs import Told, mutations, raise_errors, run

from k8sboot import ensure
from k8sboot.cluster import Cluster
from k8sboot.events import Changed
from k8sboot.host.files import File
from k8sboot.host.host import Host
from k8sboot.host.reads import Question, Reads
from k8sboot.phase import everyone, phase

pytestmark = pytest.mark.usefixtures("clock")
UNIT, UNIT_FILE = "watchdog.service", "/etc/systemd/system/watchdog.service"
PROGRAM = "/usr/local/sbin/watchdog"
PREPARED = Question("watchdog-is-prepared", "test -e /var/lib/watchdog && echo yes")


def made(seconds: int = 10):
    @phase(on=everyone, reads=Reads(files=(UNIT_FILE, PROGRAM), units=(UNIT,), questions=(PREPARED,)))
    def watchdog(_cluster: Cluster, host: Host) -> None:
        """Keep a watchdog running."""
        ensure.files(
            host,
            File(UNIT_FILE, f"[Service]\nExecStart={PROGRAM} {seconds}\n", restarts=(UNIT,)),
            File(PROGRAM, "#!/bin/sh\nexec sleep\n", mode=0o755, restarts=(UNIT,)),
        )
        if host.answer(PREPARED).text != "yes":
            host.change("prepare the watchdog", [PROGRAM, "--prepare"])
        ensure.service(host, UNIT)

    return watchdog


@phase(on=everyone)
def no_watchdog(_cluster: Cluster, host: Host) -> None:
    """Remove the watchdog."""
    host.change("remove the watchdog", ["rm", "-f", "--", UNIT_FILE, PROGRAM])
    assert not host.unit(UNIT).exists


@pytest.fixture
def hosts(bare: FakeCluster) -> FakeCluster:
    """The test says how the phase's own question is answered: by whether its program ran."""
    for host in bare.hosts.values():
        host.answers[PREPARED.name] = lambda host, _words: (
            "yes\n" if f"{PROGRAM} --prepare" in host.events else (1, "", "")
        )
    return bare


def changes(told: Told, host: str) -> list[str]:
    raise_errors(told)
    return [e.what for e in told.events if isinstance(e, Changed) and e.host == host]


def test_it_makes_a_unit_that_runs_and_changes_nothing_the_second_time(hosts: FakeCluster):
    assert changes(run(hosts, [made()]), "n1") == [
        f"write {UNIT_FILE}, {PROGRAM}",
        "prepare the watchdog",
        f"enable and start {UNIT}",
    ]
    for host in hosts.hosts.values():
        assert (host.units[UNIT].active, host.units[UNIT].enabled) == ("active", "enabled")
    raise_errors(run(hosts, [made()]))
    assert mutations(hosts) == {}


def test_another_content_of_its_unit_restarts_it_once(hosts: FakeCluster):
    raise_errors(run(hosts, [made()]))
    before = hosts.hosts["n1"].units[UNIT].restarts
    assert changes(run(hosts, [made(seconds=20)]), "n1") == [f"write {UNIT_FILE}", f"restart {UNIT}"]
    assert hosts.hosts["n1"].units[UNIT].restarts == before + 1


def test_it_can_be_planned_and_taken_away(hosts: FakeCluster):
    assert len(changes(run(hosts, [made()], is_dry=True), "n1")) == 3
    assert mutations(hosts) == {}
    raise_errors(run(hosts, [made(), no_watchdog]))
    assert UNIT not in hosts.hosts["n1"].units


def test_a_program_that_nobody_wrote_is_unknown(hosts: FakeCluster):
    @phase(on=everyone)
    def stray(_cluster: Cluster, host: Host) -> None:
        """Run what is not there."""
        host.change("run it", [PROGRAM])

    with pytest.raises(AssertionError, match=PROGRAM):
        run(hosts, [stray])
