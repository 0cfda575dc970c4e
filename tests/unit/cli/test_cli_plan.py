"""`plan`, and `up --plan`: what they say where, what they refuse, and that a plan alters nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import CANARIES, CommandLine
from runs import raise_errors, run
from summaries import changed

from k8sboot.runbook import UP

NAMES = [phase.name for phase in UP]


def untouched(k8sboot: CommandLine) -> bool:
    return not any(host.mutations for host in k8sboot.cluster.hosts.values())


def planned(k8sboot: CommandLine, options: str = "") -> dict:
    said = k8sboot(f"plan -o json {options}")
    assert said.code == 0, said.err
    return json.loads(said.out)


@pytest.fixture
def kept(k8sboot: CommandLine, inventory: Path) -> Path:
    """A plan for bare hosts in a file."""
    path = inventory.parent / "plan.json"
    said = k8sboot(f"plan --out {path}")
    assert said.code == 0, said.err
    k8sboot.asked.clear()
    return path


def test_the_plan_goes_to_stdout_and_progress_without_differences_to_stderr(k8sboot):
    said = k8sboot("plan")
    assert said.code == 0, said.err
    assert untouched(k8sboot)
    assert "+192.0.2.3 n2" in said.out
    assert "host name: debian -> m1" in said.out
    assert "  m1, n1, n2\n" in said.out, "those with the same before them are shown together"
    assert "kubeadm init --config" in said.out
    assert "join-nodes" in said.out
    assert said.out.splitlines()[-1].endswith("changes on 3 hosts, 13 things known only later")
    assert "== hosts: " in said.err
    assert "write /etc/hosts" in said.err
    assert "+192.0.2.3 n2" not in said.err, "the difference is shown once"
    assert "$ " not in said.err


def test_a_plan_for_a_finished_cluster_says_that_nothing_would_change(on_cluster):
    said = on_cluster("plan --exit-code")
    assert said.code == 0
    assert said.out.splitlines()[-1] == "nothing would change"


def test_the_exit_code_tells_a_script_whether_there_is_something_to_do(k8sboot):
    assert k8sboot("plan").code == 0
    assert k8sboot("plan --exit-code").code == 5
    raise_errors(run(k8sboot.cluster, UP[: NAMES.index("kube-packages") + 1]))
    assert k8sboot("plan --exit-code --to kube-packages").code == 0
    assert k8sboot("plan --exit-code --from kubeadm-config").code == 5
    k8sboot.dead.add("n1")
    assert k8sboot("plan --exit-code").code == 3, "what failed goes before"


def test_the_plan_as_json_holds_what_the_run_would_do(k8sboot):
    plan = planned(k8sboot)
    assert (plan["format"], plan["version"], plan["cluster"]) == ("k8sboot-plan", 1, "kubernetes")
    assert plan["hosts"][1] == {"name": "n1", "address": "192.0.2.2"}
    assert plan["phases"] == NAMES
    assert plan["limit"] is None
    steps = {(step["phase"], step["host"]): step for step in plan["steps"]}
    assert [name for name in NAMES for host in ("m1", "n1", "n2") if (name, host) in steps] == [
        step["phase"] for step in plan["steps"]
    ]
    assert {
        "what": "set the time zone to Asia/Shanghai",
        "diff": "time zone: Etc/UTC -> Asia/Shanghai\n",
        "commands": ["timedatectl set-timezone Asia/Shanghai"],
    } in steps["os-prep", "n2"]["changes"]
    assert steps["join-nodes", "n1"]["unknown"] == [{"after": "kubeadm-init", "what": ""}]
    counted = sum(len(step["changes"]) for step in plan["steps"])
    assert plan["summary"] == {
        "changes": counted,
        "hosts": 3,
        "unknown": sum(len(step["unknown"]) for step in plan["steps"]),
    }


def test_a_plan_that_was_kept_is_its_users_alone_and_carried_out(k8sboot, kept):
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
    assert "otherwise than planned: write /etc/hosts" in said.err
    assert "'@@ -1 +1,6 @@', now '@@ -1,2 +1,7 @@'" in said.err
    assert "nothing was altered" in said.err
    assert untouched(k8sboot)
    assert said.events[-1]["event"] == "RunEnded"
    assert said.events[-1]["failed"] == ["n1"]


@pytest.mark.parametrize(
    ("host", "text"),
    [("n2", "planned, and not now: set the time zone"), ("m1", "planned, and not now: set the time zone")],
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


def test_another_inventory_is_told_before_the_first_connection(k8sboot, kept, inventory):
    inventory.write_text(inventory.read_text().replace("calico: {", "calico: {mtu: 1400, "))
    said = k8sboot(f"up --yes --plan {kept}")
    assert said.code == 1
    assert "KB-PLAN-CHANGED" in said.err
    assert "these sections have changed: calico" in said.err
    assert k8sboot.asked == []


def test_an_inventory_that_is_only_spelt_otherwise_is_the_same(k8sboot, kept, inventory, monkeypatch):
    inventory.write_text("# a remark\n" + inventory.read_text())
    monkeypatch.setenv("CANARY_1", "another password")
    assert k8sboot(f"up --yes --plan {kept}").code == 0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda _plan: "{", "it is no JSON"),
        (lambda _plan: "[]", "is no plan of k8sboot"),
        (lambda _plan: '"k8sboot-plan"', "is no plan of k8sboot"),
        (lambda plan: json.dumps({**plan, "format": "something"}), "is no plan of k8sboot"),
        (lambda plan: json.dumps({**plan, "version": 2}), "another version of the format"),
        (lambda plan: json.dumps({**plan, "cluster": "other"}), "is for another cluster"),
        (lambda plan: json.dumps({**plan, "steps": [{}]}), "is no plan of k8sboot"),
        (lambda plan: json.dumps({**plan, "phases": [1]}), "is no plan of k8sboot"),
        (lambda plan: json.dumps({**plan, "phases": ["cleanse"]}), "not known here: cleanse"),
        (lambda plan: json.dumps({k: v for k, v in plan.items() if k != "limit"}), "is no plan of k8sboot"),
        (
            lambda plan: json.dumps(
                {**plan, "failed": [{"host": "n1", "phase": "connect", "code": "X", "what": "x"}]}
            ),
            "is not complete",
        ),
    ],
)
def test_what_is_no_plan_for_this_is_told_before_the_first_connection(k8sboot, kept, change, says):
    kept.write_text(change(json.loads(kept.read_text())))
    said = k8sboot(f"up --yes --plan {kept}")
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
def test_options_that_contradict_the_plan_are_refused(k8sboot, kept, options):
    said = k8sboot(f"up --yes --plan {kept} {options}")
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


def test_a_plan_with_a_hole_is_shown_as_such_and_not_kept(k8sboot, inventory):
    path = inventory.parent / "plan.json"
    path.write_text("the one before")
    k8sboot.dead.add("n2")
    said = k8sboot(f"plan --out {path}")
    assert said.code == 3
    assert "! n2 failed in connect: nothing answers [KB-SSH-UNREACHABLE]" in said.out
    assert said.out.splitlines()[-1].startswith("not complete: ")
    assert path.read_text() == "the one before"
    assert "not kept" in said.err


@pytest.mark.parametrize("where", ["no/such/folder/plan.json", "."])
def test_a_file_that_cannot_be_is_told_before_anything_is_asked(k8sboot, where):
    assert k8sboot(f"plan --out {where}").code == 2
    assert k8sboot.asked == []


def test_no_secret_is_in_a_plan(k8sboot, kept):
    host = k8sboot.cluster.hosts["n1"]
    cifs = f"//nas/share /mnt cifs user=ops,password={CANARIES[0]},vers=3 0 0\n"
    host.put("/etc/fstab", cifs + host.text("/etc/fstab") + f"//nas/2 /mnt2 cifs password={'s3cret'} 0 0\n")
    text = k8sboot(f"plan -v --out {kept}").out
    as_json = k8sboot("plan -o json").out
    for said in (text, as_json, kept.read_text()):
        assert "password=***" in said
        assert "s3cret" not in said
        assert not [canary for canary in CANARIES if canary in said]


def test_a_reader_that_leaves_is_no_error(k8sboot, monkeypatch):
    def gone(*_words: object, **_named: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("click.echo", gone)
    assert k8sboot("plan").code == 0
