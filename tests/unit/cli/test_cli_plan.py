"""`plan`: what it says where and what it keeps, and that it alters nothing."""

from __future__ import annotations

import json

import pytest
from command_line import CANARIES, CommandLine, untouched
from runs import raise_errors, run

from k8sboot.runbook import UP

NAMES = [phase.name for phase in UP]


def planned(k8sboot: CommandLine, options: str = "") -> dict:
    said = k8sboot(f"plan -o json {options}")
    assert said.code == 0, said.err
    return json.loads(said.out)


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


def test_a_plan_tells_which_phases_do_not_apply_and_why(on_cluster):
    lines = on_cluster("plan --skip os-update").out.splitlines()
    assert "- root-key, root-key-trust: does not apply, os.distributeKey is false" in lines
    assert not [line for line in lines if "os-update" in line or "calico" in line]
    assert "not apply" not in on_cluster("plan -o json").out


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
        "differs": 0,
    }
    assert plan["differs"] == []


def test_a_plan_with_a_hole_is_shown_as_such_and_not_kept(k8sboot, inventory):
    path = inventory.parent / "plan.json"
    path.write_text("the one before")
    k8sboot.dead.add("n2")
    said = k8sboot(f"plan --out {path}")
    assert said.code == 3
    assert "! n2 failed in connect: nothing answers [KB-SSH-UNREACHABLE]" in said.out
    assert said.out.splitlines()[-1].startswith("not complete: ")
    assert path.read_text() == "the one before"
    assert "not saved" in said.err


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


def test_what_differs_and_is_not_changed_is_on_stdout_in_the_json_and_in_the_exit_code(on_cluster, inventory):
    with inventory.open("a") as file:
        file.write("kubeadm: {kubeletConfiguration: {maxPods: 200}}\n")
    said = on_cluster("plan --exit-code")
    assert said.code == 6
    assert (
        "    ! kubeadm.kubeletConfiguration.maxPods: ConfigMap kubelet-config-1.23 has none, the" in said.out
    )
    assert (
        "  m1, n1, n2\n    ! kubeadm.kubeletConfiguration.maxPods: /var/lib/kubelet/config.yaml" in said.out
    )
    assert "systemctl restart kubelet" in said.out
    assert said.out.splitlines()[-1] == "nothing would change, 2 values differ and `up` does not change that"
    assert "[KB-DIFFERS]" in said.err
    path = inventory.parent / "differs.json"
    plan = json.loads(on_cluster(f"plan -o json --out {path}").out)
    assert plan["summary"]["differs"] == 2
    assert plan["differs"][0] == {
        "key": "kubeadm.kubeletConfiguration.maxPods",
        "where": "/var/lib/kubelet/config.yaml",
        "hosts": ["m1", "n1", "n2"],
        "cluster": "none",
        "inventory": "200",
        "how": "edit /var/lib/kubelet/config.yaml on one host after the other, each time with "
        "`systemctl restart kubelet`",
    }
    assert json.loads(path.read_text()) == plan
    assert on_cluster(f"up --yes --plan {path}").code == 0, "a difference is no change of the plan"
    inventory.write_text(inventory.read_text() + "metricsServer: {replicas: 2}\n")
    assert on_cluster("plan --exit-code").code == 5, "what `up` changes comes first"
