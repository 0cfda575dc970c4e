"""`up --plan`: a plan that was kept is carried out as it is, or refused before anything is altered."""

from __future__ import annotations

import json

import pytest
from command_line import keep_plan, untouched
from summaries import changed


def test_a_plan_that_was_kept_is_its_users_alone_and_carried_out(k8sboot, inventory):
    kept = keep_plan(k8sboot, inventory)
    assert kept.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in kept.parent.glob(".plan*")] == []
    said = k8sboot(f"up --yes --plan {kept}")
    assert said.code == 0, said.err
    assert sorted(k8sboot.cluster.members) == ["m1", "n1", "n2"]
    assert "would change" not in said.err, "the dry run before is not told"


def test_a_plan_holds_once(k8sboot, kept):
    assert k8sboot(f"up --yes --plan {kept}").code == 0
    again = k8sboot(f"up --yes --plan {kept}")
    assert again.code == 1
    assert "error[KB-PLAN-CHANGED] m1: hosts: the plan of" in again.err
    assert changed(again.err) == 0
    assert untouched(k8sboot)


def test_a_plan_is_refused_when_somebody_has_edited_a_file_since(k8sboot, kept):
    k8sboot.cluster.hosts["n1"].put("/etc/hosts", "127.0.0.1 localhost\n192.0.2.9 mirror\n")
    said = k8sboot(f"up --yes --plan {kept}")
    assert said.code == 1
    assert "error[KB-PLAN-CHANGED] n1: hosts: the plan of" in said.err
    assert "differs from the plan: write /etc/hosts" in said.err
    assert "'@@ -1 +1,6 @@', now '@@ -1,2 +1,7 @@'" in said.err
    assert "nothing was changed" in said.err
    assert untouched(k8sboot)
    assert said.events[-1]["event"] == "RunEnded"
    assert said.events[-1]["failed"] == ["n1"]


@pytest.mark.parametrize(
    ("host", "text"),
    [("n2", "in the plan only: set the time zone"), ("m1", "in the plan only: set the time zone")],
)
def test_what_somebody_did_by_hand_is_a_difference_too(k8sboot, kept, host, text):
    k8sboot.cluster.hosts[host].facts["timezone"] = "/usr/share/zoneinfo/Asia/Shanghai"
    said = k8sboot(f"up --yes --plan {kept}")
    assert said.code == 1
    assert f"{host}: os-prep" in said.err
    assert text in said.err
    assert untouched(k8sboot)


def test_a_host_that_cannot_be_planned_for_now_keeps_the_others_as_they_are(k8sboot, kept):
    k8sboot.dead.add("n2")
    assert k8sboot(f"up --yes --plan {kept}").code == 3
    assert untouched(k8sboot)
    k8sboot.dead.clear()
    k8sboot.cluster.hosts["n1"].facts["init"] = "openrc"
    said = k8sboot(f"up --yes --plan {kept}")
    assert said.code == 1
    assert "KB-PREFLIGHT" in said.err
    assert untouched(k8sboot)


def test_another_inventory_is_told_before_the_first_connection(k8sboot, kept_of_cluster, inventory):
    inventory.write_text(inventory.read_text().replace("calico: {", "calico: {mtu: 1400, "))
    said = k8sboot(f"up --yes --plan {kept_of_cluster}")
    assert said.code == 1
    assert "KB-PLAN-CHANGED" in said.err
    assert "changed sections: calico" in said.err
    assert k8sboot.asked == []


def test_an_inventory_that_is_only_spelt_otherwise_is_the_same(k8sboot, kept, inventory, monkeypatch):
    inventory.write_text("# a remark\n" + inventory.read_text())
    monkeypatch.setenv("CANARY_1", "another password")
    assert k8sboot(f"up --yes --plan {kept}").code == 0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda _plan: "{", "it is not JSON"),
        (lambda _plan: "[]", "is not a plan of k8sboot"),
        (lambda _plan: '"k8sboot-plan"', "is not a plan of k8sboot"),
        (lambda plan: json.dumps({**plan, "format": "something"}), "is not a plan of k8sboot"),
        (lambda plan: json.dumps({**plan, "version": 2}), "unsupported version of the format"),
        (lambda plan: json.dumps({**plan, "cluster": "other"}), "is for another cluster"),
        (lambda plan: json.dumps({**plan, "steps": [{}]}), "is not a plan of k8sboot"),
        (lambda plan: json.dumps({**plan, "phases": [1]}), "is not a plan of k8sboot"),
        (lambda plan: json.dumps({**plan, "phases": ["cleanse"]}), "unknown phases: cleanse"),
        (
            lambda plan: json.dumps({k: v for k, v in plan.items() if k != "limit"}),
            "is not a plan of k8sboot",
        ),
        (
            lambda plan: json.dumps(
                {**plan, "failed": [{"host": "n1", "phase": "connect", "code": "X", "what": "x"}]}
            ),
            "is incomplete",
        ),
    ],
)
def test_what_is_no_plan_for_this_is_told_before_the_first_connection(k8sboot, kept_of_cluster, change, says):
    kept_of_cluster.write_text(change(json.loads(kept_of_cluster.read_text())))
    said = k8sboot(f"up --yes --plan {kept_of_cluster}")
    assert said.code == 2
    assert says in said.err
    assert "KB-PLAN-FILE" in said.err
    assert k8sboot.asked == []


def test_a_plan_that_is_not_there(k8sboot):
    said = k8sboot("up --yes --plan nowhere.json")
    assert said.code == 2
    assert "No such file" in said.err
    assert k8sboot.asked == []


@pytest.mark.parametrize(
    "options",
    [
        "--to kernel",
        "--from hosts",
        "--skip calico",
        "--limit n1",
        "--dry-run",
        "--failed",
        "--limit m1,n1,n2",
    ],
)
def test_options_that_contradict_the_plan_are_refused(k8sboot, kept_of_cluster, options):
    said = k8sboot(f"up --yes --plan {kept_of_cluster} {options}")
    assert said.code == 2
    assert "contradict" in said.err
    assert k8sboot.asked == []


def test_the_plan_knows_which_phases_and_hosts_it_is_for(k8sboot, inventory):
    path = inventory.parent / "plan.json"
    assert k8sboot(f"plan --to os-prep --skip hosts --limit n1 --out {path}").code == 0
    said = k8sboot(f"up --yes --plan {path} --limit n1 --to os-prep --skip hosts")
    assert said.code == 0, said.err
    hosts = k8sboot.cluster.hosts
    assert hosts["n1"].facts["timezone"].endswith("Shanghai")
    assert hosts["n1"].facts["hostname"] == "debian"
    assert hosts["n2"].runs == []
