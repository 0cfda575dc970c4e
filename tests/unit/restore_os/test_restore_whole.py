"""`reset --restore-os`: what was before is back, whatever happened in between."""

from __future__ import annotations

import copy

import pytest
from fake_host import FakeConnection
from fake_notes import BESIDE
from restored import CHRONY, CUTS, FAMILIES, assert_as_before, bare_debian, cluster, cut, left, mend, restore
from runs import mutations, raise_errors, run

from k8sboot.events import Notice
from k8sboot.paths import ORIGINALS_DIR, PRIOR_DIR
from k8sboot.runbook import RESET, UP

pytestmark = pytest.mark.usefixtures("clock")


@FAMILIES
def test_after_up_and_restore_the_host_is_as_it_was(finished, system):
    it = finished(system)
    told = raise_errors(restore(it))
    assert_as_before(it, system)
    assert told.codes.count("KB-RESTORE-STAYS") == 2, "packages, and modules until the next boot"
    assert "KB-RESTORE-INCOMPLETE" not in told.codes
    again = raise_errors(restore(it))
    assert again.changes == {}
    assert again.codes == ["KB-RESTORE-NOTHING"]
    assert mutations(it) == {}
    assert it.hosts["m1"].runs == ["probe", "hold", "release"]


@FAMILIES
def test_up_after_a_restore_and_a_restore_after_that_are_as_the_first_time(finished, system):
    it = finished(system)
    raise_errors(restore(it))
    raise_errors(run(it, UP))
    assert it.members == ["m1"]
    assert raise_errors(run(it, UP)).changes == {}
    raise_errors(restore(it))
    assert_as_before(it, system)


@FAMILIES
def test_a_dry_run_says_all_and_alters_nothing(finished, system):
    it = finished(system)
    before = copy.deepcopy(it.hosts["m1"].files)
    planned = [
        what
        for what in raise_errors(restore(it, is_dry=True)).changes["m1"]
        if not what.startswith("restore files")
    ]
    assert mutations(it) == {}
    assert it.hosts["m1"].files == before
    done = raise_errors(restore(it)).changes["m1"]
    assert set(planned) <= set(done)
    assert len(planned) > 5


@FAMILIES
def test_a_plain_reset_leaves_the_system_alone_and_says_how_to_undo_it(finished, system):
    it = finished(system)
    before = copy.deepcopy(it.hosts["m1"])
    told = raise_errors(run(it, RESET))
    of_another = ["KB-KUBECONFIG-KEPT"] if system is bare_debian else []
    assert told.codes == [*of_another, "KB-RESET-STAYS"]
    text = [e.text for e in told.of(Notice) if isinstance(e, Notice)][-1]
    assert "reset --restore-os" in text
    assert text.endswith(
        "undoes the settings and the repositories, not the packages, the runtime and the images"
    )
    assert it.hosts["m1"].sysctls == before.sysctls
    assert it.hosts["m1"].facts == before.facts
    raise_errors(restore(it))
    assert_as_before(it, system)


@CUTS
@FAMILIES
def test_a_restore_that_is_cut_anywhere_is_finished_by_the_next(finished, system, every):
    for after in range(0, 1000, every):
        it = finished(system)
        done = cut(it.hosts["m1"], after)
        told = restore(it)
        mend(it.hosts["m1"])
        if not told.errors:
            break
        told = raise_errors(restore(it))
        assert left(told) == {}, f"cut after {done[-1:]}"
        assert_as_before(it, system)
    assert after > 20


@CUTS
@FAMILIES
def test_what_an_up_that_was_cut_anywhere_has_done_is_undone(system, every):
    for after in range(0, 1000, every):
        it = cluster(system)
        done = cut(it.hosts["m1"], after)
        told = run(it, UP)
        mend(it.hosts["m1"])
        if not told.errors:
            break
        assert set(told.errors.values()) == {"KB-INTERRUPTED"}
        raise_errors(restore(it))
        try:
            assert_as_before(it, system)
        except AssertionError as error:
            raise AssertionError(f"cut after {done}") from error
    assert after > 30


def as_older_k8sboot_left_it(host: FakeConnection) -> None:
    """Only first originals of what it wrote itself, and marks for those that were not there."""
    by_tools = tuple(f"{ORIGINALS_DIR}/etc/{name}" for name in ("hostname", "timezone", "localtime"))
    for path in [p for p in host.files if p.startswith((PRIOR_DIR, *by_tools)) or p.endswith(BESIDE)]:
        del host.files[path]


@FAMILIES
def test_a_host_of_an_older_k8sboot_is_undone_as_far_as_is_known(finished, system):
    it = finished(system)
    host = it.hosts["m1"]
    as_older_k8sboot_left_it(host)
    assert raise_errors(run(it, UP)).changes == {}
    told = raise_errors(restore(it))
    assert "KB-RESTORE-INCOMPLETE" in told.codes
    assert "k8sboot" not in host.text("/etc/hosts")
    assert host.text("/etc/fstab") == "/dev/sda2 none swap sw 0 0\n"
    assert not [p for p in host.files if "k8sboot" in p and not p.startswith((ORIGINALS_DIR, "/run/"))]
    assert all("older k8sboot" in text for text in left(told).values())
    if system is bare_debian:
        assert "-server ntp.lan" in left(told)[CHRONY]
    assert raise_errors(restore(it)).changes == {}


def test_an_older_k8sboots_notes_are_not_taken_for_all_when_newer_ones_come_to_them(finished):
    it = finished()
    host = it.hosts["m1"]
    as_older_k8sboot_left_it(host)
    host.units["ufw.service"].enabled = "enabled"
    raise_errors(run(it, UP))
    told = raise_errors(restore(it))
    assert "KB-RESTORE-INCOMPLETE" in told.codes
    assert host.units["ufw.service"].enabled == "enabled"


def test_only_the_chosen_hosts_are_restored():
    it = cluster(bare_debian, nodes=1)
    raise_errors(run(it, UP))
    before = copy.deepcopy(it.hosts["m1"].files)
    told = raise_errors(restore(it, limit=["n1"]))
    assert it.hosts["m1"].files == before
    assert it.hosts["n1"].text(CHRONY) == "server ntp.lan\n"
    assert set(told.changes) == {"m1", "n1"}
    assert told.changes["m1"] == ["drain n1", "take n1 out of the cluster"]
