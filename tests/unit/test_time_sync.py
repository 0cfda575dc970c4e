"""Time zone and time service: what a host has stays unless the inventory sets it; a host without one gets chrony."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_cluster import FakeCluster
from fake_state import FakeUnit
from families import machines
from runs import raise_errors, run

from k8sboot.paths import NTPDATE_CRON
from k8sboot.runbook import UP

pytestmark = pytest.mark.usefixtures("clock")

STEPS = [phase for phase in UP if phase.name in ("os-prep", "time-sync")]
CHRONY = {
    "debian": ("chrony.service", "/etc/chrony/chrony.conf"),
    "el7": ("chronyd.service", "/etc/chrony.conf"),
}


def unsaid(family: str, **settings) -> FakeCluster:
    """Machines whose inventory sets neither time zone nor time servers."""
    it = machines(family)
    it.spec = replace(it.spec, os=replace(it.spec.os, timezone="", ntp_servers=(), **settings))
    return it


@pytest.mark.parametrize("family", ["debian", "el7"])
def test_a_host_without_a_time_service_gets_chrony_as_its_package_has_it(family):
    unit, path = CHRONY[family]
    it = unsaid(family)
    raise_errors(run(it, STEPS))
    host = it.hosts["n1"]
    assert "chrony" in host.packages
    assert (host.units[unit].active, host.units[unit].enabled) == ("active", "enabled")
    assert "Managed by k8sboot" not in (host.text(path) if path in host.files else "")
    assert host.facts["timezone"].endswith("Etc/UTC")
    assert raise_errors(run(it, STEPS)).changes == {}


@pytest.mark.parametrize(
    "unit",
    [f"{each}.service" for each in ("systemd-timesyncd", "ntpd", "ntp", "ntpsec", "openntpd", "chrony")],
)
def test_a_time_service_that_runs_stays(unit):
    it = unsaid("debian")
    for host in it.hosts.values():
        host.units[unit] = FakeUnit("active", "enabled")
    raise_errors(run(it, STEPS))
    for host in it.hosts.values():
        assert (host.units[unit].active, "chrony" in host.packages) == ("active", False)
    it.spec = replace(it.spec, os=replace(it.spec.os, ntp_servers=("10.0.0.1",)))
    raise_errors(run(it, STEPS))
    assert "server 10.0.0.1 iburst" in it.hosts["n1"].text(CHRONY["debian"][1])


def test_ntpdate_in_cron_stays():
    it = unsaid("el7")
    for host in it.hosts.values():
        host.put(NTPDATE_CRON, "*/5 * * * * root ntpdate -u ntp.aliyun.com\n")
    raise_errors(run(it, STEPS))
    assert "chrony" not in it.hosts["n1"].packages


@pytest.mark.parametrize("family", ["debian", "el7"])
def test_what_an_earlier_k8sboot_set_stays_without_a_word(family):
    it = machines(family)
    raise_errors(run(it, STEPS))
    before = {name: dict(host.files) for name, host in it.hosts.items()}
    it.spec = replace(it.spec, os=replace(it.spec.os, timezone="", ntp_servers=()))
    ran = raise_errors(run(it, STEPS))
    assert (ran.changes, ran.codes) == ({}, [])
    assert {name: dict(host.files) for name, host in it.hosts.items()} == before
    assert it.hosts["n1"].facts["timezone"].endswith("Asia/Shanghai")
