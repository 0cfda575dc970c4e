from __future__ import annotations

import pytest
from fake_state import FakeUnit

from k8sboot import ensure
from k8sboot.errors import CommandFailed, DeadlineExceeded, NotAsWanted
from k8sboot.events import Changed
from k8sboot.paths import RESTART_DIR

UNIT = "docker.service"
MARK = {f"{RESTART_DIR}/{UNIT}": ""}


def test_a_unit_that_runs_and_is_enabled_is_left_alone(bench):
    it = bench(units={UNIT: FakeUnit("active", "enabled")})
    assert it.do(ensure.service, UNIT) == []
    assert it.connection.mutations == []


@pytest.mark.parametrize(
    "before",
    [FakeUnit("inactive", "disabled"), FakeUnit("failed", "enabled"), FakeUnit("active", "disabled"),
     FakeUnit("inactive", "masked")],
    ids=["off", "failed", "not at boot", "masked"],
)  # fmt: skip
def test_a_unit_is_enabled_and_started(bench, before):
    it = bench(units={UNIT: before})
    assert it.do(ensure.service, UNIT) == [f"enable and start {UNIT}"]
    assert (before.active, before.enabled) == ("active", "enabled")
    assert it.do(ensure.service, UNIT) == []


def test_a_unit_whose_configuration_is_newer_is_restarted_once(bench):
    it = bench(units={UNIT: FakeUnit("active", "enabled")}, files=MARK)
    assert it.do(ensure.service, UNIT) == [f"restart {UNIT}"]
    assert it.connection.units[UNIT].restarts == 1
    assert it.do(ensure.service, UNIT) == []


def test_the_first_start_takes_the_restart_mark_away(bench):
    it = bench(units={UNIT: FakeUnit()}, files=MARK)
    it.do(ensure.service, UNIT)
    assert it.do(ensure.service, UNIT) == []
    assert it.connection.units[UNIT].restarts == 1


def test_a_restart_that_fails_is_due_again(bench):
    it = bench(units={UNIT: FakeUnit("active", "enabled")}, files=MARK)
    it.connection.answers["systemctl restart"] = (1, "", "boom\n")
    with pytest.raises(CommandFailed) as failed:
        it.do(ensure.service, UNIT)
    assert failed.value.command == f"systemctl restart {UNIT}"
    assert failed.value.detail == "boom"
    del it.connection.answers["systemctl restart"]
    assert it.do(ensure.service, UNIT) == [f"restart {UNIT}"]


def test_a_unit_that_is_starting_by_itself_is_let(bench, clock):
    it = bench(units={UNIT: FakeUnit("activating", "enabled", sub="start")})

    def on_nap():
        if clock.slept == 2:
            it.connection.units[UNIT].active = "active"

    clock.on_nap = on_nap
    assert it.do(ensure.service, UNIT) == []
    assert it.connection.units[UNIT].restarts == 0


def test_a_unit_that_never_ends_its_start_is_given_up(bench, clock):
    it = bench(units={UNIT: FakeUnit("activating", "enabled", sub="start-pre")})
    with pytest.raises(DeadlineExceeded, match=f"timed out after 300 s waiting for {UNIT}") as late:
        it.do(ensure.service, UNIT)
    assert late.value.why == f"{UNIT} is activating, enabled"


def test_a_unit_that_fails_again_and_again_is_restarted(bench):
    it = bench(units={UNIT: FakeUnit("activating", "enabled", sub="auto-restart")})
    assert it.do(ensure.service, UNIT) == [f"enable and start {UNIT}"]


def test_a_unit_that_dies_at_once_is_not_as_wanted(bench):
    it = bench(units={UNIT: FakeUnit()}, answers={"systemctl restart": ""})
    with pytest.raises(NotAsWanted, match="journalctl -u docker.service"):
        it.do(ensure.service, UNIT)


def test_at_boot_neither_starts_nor_stops(bench):
    it = bench(units={"kubelet.service": FakeUnit("inactive", "disabled")})
    assert it.do(ensure.service_at_boot, "kubelet.service") == ["enable kubelet.service"]
    assert it.connection.units["kubelet.service"].active == "inactive"
    assert it.do(ensure.service_at_boot, "kubelet.service") == []


@pytest.mark.parametrize(("active", "changes"), [("active", [f"restart {UNIT}"]), ("activating", [])])
def test_at_boot_restarts_only_what_runs(bench, active, changes):
    it = bench(units={UNIT: FakeUnit(active, "enabled")}, files=MARK)
    assert it.do(ensure.service_at_boot, UNIT) == changes


def test_units_that_exist_are_switched_off_together(bench):
    it = bench(
        units={"a.service": FakeUnit("active", "enabled"), "b.service": FakeUnit("inactive", "enabled")}
    )
    assert it.do(ensure.service_off, "a.service", "b.service", "none.service") == [
        "stop and disable a.service b.service"
    ]
    assert it.do(ensure.service_off, "a.service", "b.service", "none.service") == []


@pytest.mark.parametrize(
    ("deed", "before", "said"),
    [
        (ensure.service, None, "starts, is enabled (comes with its package)"),
        (ensure.service, FakeUnit(), "starts, is enabled (now inactive, disabled)"),
        (ensure.service_at_boot, FakeUnit(), "is enabled (now inactive, disabled)"),
        (ensure.service_off, FakeUnit("active", "enabled"), "stops, is disabled (now active, enabled)"),
        (ensure.not_at_boot, FakeUnit("active", "enabled"), "is disabled (now active, enabled)"),
        (ensure.restarted, FakeUnit("active", "enabled"), "restarts (now active, enabled)"),
        (ensure.reloaded, FakeUnit("active", "enabled"), "reloads (now active, enabled)"),
    ],
)  # fmt: skip
def test_a_plan_says_what_happens_to_a_unit(bench, deed, before, said):
    it = bench(units={UNIT: before} if before else {}, files=MARK)
    it.do(deed, UNIT, is_dry=True)
    assert [event.diff for event in it.events if isinstance(event, Changed)] == [f"{UNIT}: {said}\n"]
