"""Members of the cluster that get a newer kernel are rebooted one at a time, and come back before the next."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_boot import NEW, OLD, Boot, wanted
from fake_cluster import FakeCluster
from inventories import saying
from runs import Told, raise_errors, run

from k8sboot.events import Changed, Notice, PhaseEnded, PhaseStarted
from k8sboot.phases.kernel_upgrade import kernel_upgrade_masters, kernel_upgrade_nodes
from k8sboot.runbook import UP

pytestmark = [pytest.mark.usefixtures("clock"), pytest.mark.timeout(60)]
PHASES = [kernel_upgrade_masters, kernel_upgrade_nodes]


def to_upgrade(cluster: FakeCluster) -> dict[str, Boot]:
    """Every host runs an old kernel, and the inventory asks for a newer one."""
    cluster.spec = saying(replace(cluster.spec, os=replace(cluster.spec.os, kernel=wanted())), "os.kernel")
    boots = {name: Boot() for name in cluster.hosts}
    for name, host in cluster.hosts.items():
        host.facts["kernel"] = OLD
        host.answers |= dict.fromkeys(("grub2-one-shot", "grubby-default"), "") | boots[name].answers()
        for path, content in boots[name].files().items():
            host.put(path, content)
    return boots


def most_at_once(told: Told) -> int:
    at_work, most = 0, 0
    for event in told.events:
        if isinstance(event, PhaseStarted | PhaseEnded) and event.phase == "kernel-upgrade-nodes":
            at_work += 1 if isinstance(event, PhaseStarted) else -1
            most = max(most, at_work)
    return most


def test_members_reboot_one_after_the_other(finished: FakeCluster):
    boots = to_upgrade(finished)
    told = raise_errors(run(finished, PHASES))
    assert {name: boot.booted for name, boot in boots.items()} == dict.fromkeys(finished.hosts, [NEW])
    assert most_at_once(told) == 1
    notices = {e.host for e in told.events if isinstance(e, Notice) and e.code == "KB-MEMBER-RESTART"}
    assert notices == set(finished.hosts)


def test_no_other_member_reboots_while_the_pods_of_one_are_not_back(finished: FakeCluster):
    boots = to_upgrade(finished)

    def break_pods(event: object) -> None:
        if isinstance(event, Changed) and event.what.startswith("boot kernel") and event.host != "m1":
            finished.unready.append(event.host)

    told = run(finished, PHASES, witness=break_pods)
    (failed,) = told.errors
    assert told.errors[failed] == "KB-DEADLINE"
    assert [name for name, boot in boots.items() if boot.booted] == ["m1", failed]


def test_a_plan_says_that_the_machine_reboots(finished: FakeCluster):
    to_upgrade(finished)
    told = raise_errors(run(finished, UP, is_dry=True))
    said = {e.text for e in told.events if isinstance(e, Notice) and e.code == "KB-MEMBER-RESTART"}
    assert said == {"reboots this machine and restarts all its containers; one machine at a time"}


def test_bare_machines_reboot_together(bare: FakeCluster):
    to_upgrade(bare)
    told = raise_errors(run(bare, PHASES))
    assert not [e for e in told.events if isinstance(e, Notice) and e.code == "KB-MEMBER-RESTART"]
