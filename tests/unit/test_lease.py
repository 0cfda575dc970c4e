"""Two runs that want the same hosts."""

from __future__ import annotations

import pytest
from fake_cluster import FakeCluster
from runs import mutations, raise_errors, run

from k8sboot.host import lease
from k8sboot.host.lease import Claim
from k8sboot.runbook import UP

pytestmark = pytest.mark.usefixtures("clock")
OTHER = "run2 seat2 up by bob@laptop, pid 7, since noon"


def test_a_cluster_whose_first_master_is_held_is_left_alone(bare: FakeCluster):
    bare.hosts["m1"].holder = OTHER
    told = run(bare, UP)
    assert told.errors == {"m1": "KB-LOCKED"}
    assert told.report.errors["m1"].exit_code == 4
    assert "up by bob@laptop, pid 7, since noon" in str(told.report.errors["m1"])
    assert mutations(bare) == {}
    assert bare.hosts["m1"].holder == OTHER


def test_a_host_that_has_no_room_for_the_lock_is_left_alone(bare: FakeCluster):
    bare.hosts["m1"].has_room_for_lock = False
    told = run(bare, UP)
    assert told.errors == {"m1": "KB-STEP"}
    assert "No space left on device" in told.report.errors["m1"].detail
    assert "df -h /run" in told.report.errors["m1"].fix
    assert mutations(bare) == {}


def test_a_node_that_another_cluster_s_run_holds_is_left_alone_and_the_others_go_on(bare: FakeCluster):
    bare.hosts["n1"].holder = OTHER
    told = run(bare, UP)
    assert told.errors["n1"] == "KB-LOCKED"
    assert set(mutations(bare)) == {"m1", "n2"}


def test_a_run_that_lost_its_lease_meanwhile_alters_nothing_more(bare: FakeCluster):
    """As when it slept, and another one took the cluster."""
    host = bare.hosts["m1"]

    def steal(_event: object) -> None:
        if host.mutations and not host.holder.startswith("run2"):
            host.holder = OTHER
            host.mutations.append("stolen")

    told = run(bare, UP, listener=steal)
    assert told.errors["m1"] == "KB-LOCKED"
    # what was on its way while the other came in may still be counted, and nothing after that
    assert len(host.mutations) - host.mutations.index("stolen") <= 2


def test_a_dead_run_of_the_same_seat_is_no_obstacle(bare: FakeCluster):
    bare.hosts["m1"].holder = f"dead {'seat1'} up by me, pid 0"
    raise_errors(run(bare, UP))
    assert {host.holder for host in bare.hosts.values()} == {""}, "all is given back at the end"


def test_who_has_no_seat_waits_for_leases_to_end(bare: FakeCluster):
    bare.hosts["m1"].holder = "dead - up by me, pid 0"
    assert run(bare, UP, claim=Claim("run1", "me")).errors == {"m1": "KB-LOCKED"}


def test_a_plan_neither_takes_nor_minds_the_lock(bare: FakeCluster):
    bare.hosts["m1"].holder = OTHER
    raise_errors(run(bare, UP, is_dry=True))
    assert bare.hosts["m1"].holder == OTHER
    assert not {"hold", "release"} & set(bare.hosts["m1"].runs)


@pytest.mark.parametrize(
    ("lock_lines", "is_foreign"),
    [
        ("100\nrun2 seat2 150\nwho\n", True),
        ("100\nrun2 seat2 100\nwho\n", False),
        ("100\nrun2 seat1 150\nwho\n", False),
        ("100\nrun1 seat1 150\nwho\n", False),
    ],
)
def test_a_holder_counts_while_its_lease_lasts_and_it_may_be_alive(lock_lines: str, is_foreign: bool):
    found = lease.holder(lock_lines)
    assert found is not None
    assert found.is_foreign_to(Claim("run1", "me", "seat1")) is is_foreign


@pytest.mark.parametrize(
    "hostile", ["", "100", "100\n", "x\na b 1\nc", "100\nrun seat until\nwho", "100\nrun\nwho\n"]
)
def test_what_is_no_lock_is_nobody_s(hostile: str):
    assert lease.holder(hostile) is None


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (f"{lease.REFUSAL} lease 90 up by bob", "expires in 90 s"),
        (f"{lease.REFUSAL} work up by bob", "still running there"),
        (f"noise\n{lease.REFUSAL} nobody lets go of /run/k8sboot/guard", "nobody lets go"),
        ("", "cannot be acquired"),
    ],
)
def test_a_refusal_says_who_and_why(said: str, words: str):
    error = lease.refusal(said, "m1")
    assert (error.host, error.exit_code) == ("m1", 4)
    assert words in error.why
    assert ("bob" in error.what) == ("bob" in said)


def test_a_claim_is_one_line():
    with pytest.raises(ValueError, match="one line"):
        Claim("run", "up\nby bob")
