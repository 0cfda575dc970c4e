"""Units, swap and services on the way back."""

from __future__ import annotations

import pytest
from restored import CHRONY, assert_as_before, bare_debian, bare_el7, left, restore
from runs import raise_errors

from k8sboot.paths import ORIGINALS_DIR, PRIOR_DIR

pytestmark = pytest.mark.usefixtures("clock")


def test_swap_on_a_device_that_is_gone_is_an_error_and_all_else_is_back(finished):
    it = finished()
    host = it.hosts["m1"]
    host.no_devices.add("/dev/zram0")
    told = restore(it)
    assert told.errors == {"m1": "KB-NOT-AS-WANTED"}
    assert "cannot open /dev/zram0" in told.report.errors["m1"].why
    assert host.text(CHRONY) == "server ntp.lan\n"
    noted = {p for p in host.files if p.startswith((PRIOR_DIR, ORIGINALS_DIR))}
    assert noted == {f"{PRIOR_DIR}/complete/", f"{PRIOR_DIR}/swap/devices"}
    host.no_devices.clear()
    raise_errors(restore(it))
    assert_as_before(it, bare_debian)


def test_a_unit_whose_package_is_gone_is_left_and_said(finished):
    it = finished()
    del it.hosts["m1"].units["systemd-timesyncd.service"]
    found = left(raise_errors(restore(it)))
    assert "the unit no longer exists" in found["systemd-timesyncd.service"]


def test_the_firewall_comes_last_and_by_a_job(finished):
    it = finished()
    told = raise_errors(restore(it)).changes["m1"]
    assert [what for what in told if what[:8] == "restore " and what[-1] == "e"][-1] == "restore ufw.service"
    assert told.index("restore ufw.service") > told.index("restore swap.target")


def test_services_read_what_is_theirs_again_and_the_network_is_only_reloaded(finished):
    it = finished(bare_el7)
    host = it.hosts["m1"]
    restarts = host.units["NetworkManager.service"].restarts
    told = raise_errors(restore(it)).changes["m1"]
    assert "reload NetworkManager.service" in told
    assert host.units["NetworkManager.service"].restarts == restarts
    it = finished()
    host = it.hosts["m1"]
    before = {name: host.units[name].restarts for name in ("docker.service", "chrony.service")}
    raise_errors(restore(it))
    assert {name: host.units[name].restarts - n for name, n in before.items()} == dict.fromkeys(before, 1)
