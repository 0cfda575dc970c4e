"""`k8sboot status` on fake hosts: what it shows, in which form, and how it ends."""

from __future__ import annotations

import json
from typing import Any

import pytest
from command_line import CommandLine, Said, untouched
from fake_state import FakeUnit
from fake_status import told

from k8sboot.cli import status


def seen(said: Said) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(said.out)
    return found


def codes(said: Said) -> list[tuple[str, str]]:
    return [(each["code"], each["host"]) for each in seen(said)["problems"]]


def test_a_healthy_cluster_is_told_in_one_exec_for_a_host_and_one_for_the_cluster(on_cluster: CommandLine):
    said = on_cluster("status -o json")
    assert said.code == 0, said.out + said.err
    found = seen(said)
    assert found["healthy"] is True
    assert (found["problems"], found["warnings"]) == ([], [])
    assert [(n["name"], n["state"], n["kubelet"], n["runtime"]) for n in found["nodes"]] == [
        (name, "Ready", "v1.23.17", "docker 20.10.24") for name in ("m1", "n1", "n2")
    ]
    assert [n["proxyMode"] for n in found["nodes"]] == ["ipvs"] * 3
    assert found["etcd"]["members"][0]["state"] == "leader"
    assert found["controlPlane"][0]["leads"] == ["kube-controller-manager", "kube-scheduler"]
    runs = {name: host.runs for name, host in on_cluster.cluster.hosts.items()}
    assert runs == {"m1": ["probe", "ask"], "n1": ["probe"], "n2": ["probe"]}
    assert untouched(on_cluster)
    assert all(host.is_closed for host in on_cluster.cluster.hosts.values())
    assert said.log == "", "a look is no run"


def test_the_text_fits_into_80_columns_and_names_what_matters(on_cluster: CommandLine):
    said = on_cluster("status")
    assert said.code == 0
    assert "healthy; Kubernetes v1.23.17, by m1" in said.out.splitlines()[0]
    assert max(map(len, said.out.splitlines())) <= 80
    assert "m1             ready       leader" in said.out


def test_a_stopped_kubelet_is_named_before_the_cluster_notices(on_cluster: CommandLine):
    on_cluster.cluster.hosts["n1"].units["kubelet.service"] = FakeUnit("failed", "enabled")
    said = on_cluster("status -o json")
    assert said.code == 1
    assert codes(said) == [("KB-KUBELET-DOWN", "n1")]
    text = on_cluster("status")
    assert text.code == 1
    assert "problem[KB-KUBELET-DOWN] n1: kubelet is not running" in text.out
    assert "  fix: run `systemctl start kubelet` on n1" in text.out


def test_a_host_that_is_off_is_named_and_the_others_are_told(on_cluster: CommandLine):
    on_cluster.dead = {"n2"}
    said = on_cluster("status -o json")
    assert said.code == 1
    assert codes(said) == [("KB-SSH-UNREACHABLE", "n2")]
    assert [n["responds"] for n in seen(said)["nodes"]] == [True, True, False]
    assert seen(said)["nodes"][2]["state"] == "Ready", "as the cluster still sees it"


def test_limit_asks_these_hosts_and_the_masters(on_cluster: CommandLine):
    said = on_cluster("status --limit n1 -o json")
    assert sorted(on_cluster.asked) == ["m1", "n1"]
    assert said.code == 0
    assert [n["name"] for n in seen(said)["nodes"]] == ["n1"]
    assert seen(said)["notAsked"] == ["n2"]


def test_bare_machines_are_no_cluster(k8sboot: CommandLine):
    said = k8sboot("status -o json")
    assert said.code == 1
    assert codes(said) == [("KB-NO-CLUSTER", "")]
    assert k8sboot("status").code == 1


def test_mistakes_in_the_inventory_come_before_any_connection(k8sboot: CommandLine, inventory):
    inventory.write_text(inventory.read_text().replace("masters:", "master:"))
    assert k8sboot("status").code == 2
    assert k8sboot.asked == []


def test_the_last_run_that_changed_something_is_named(k8sboot: CommandLine):
    assert k8sboot("up --yes").code == 0
    assert k8sboot("up --yes").code == 0
    found = seen(k8sboot("status -o json"))
    assert found["lastChange"]["command"] == "up"
    assert found["lastChange"]["changes"] > 10, "the second changed nothing"
    assert "last change   up of" in k8sboot("status").out


def test_secrets_and_escape_sequences_of_hosts_are_not_shown(on_cluster: CommandLine):
    on_cluster.cluster.node_message = "\x1b[31mcan\x1b[0mary-1 with space\x07 went by\u202e"
    for words in ("status", "status -o json"):
        said = on_cluster(words)
        assert said.code == 1
        assert "canary-1 with space" not in said.out
        assert "went by" in said.out
        assert "\x1b" not in said.out
        assert "\u202e" not in said.out


def test_a_cluster_that_answers_nonsense_is_no_traceback(on_cluster: CommandLine):
    on_cluster.cluster.hosts["m1"].answers["cluster-status"] = told("Node\tx", "}")
    said = on_cluster("status -o json")
    assert said.code == 1
    assert ("KB-KUBECTL-ANSWER", "m1") in codes(said)
    assert "Traceback" not in said.out + said.err


def test_watch_looks_again_on_the_same_connections_until_it_is_ended(
    on_cluster: CommandLine, monkeypatch: pytest.MonkeyPatch
):
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        on_cluster.cluster.hosts["n1"].units["kubelet.service"].active = "failed"
        if len(naps) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(status.time, "sleep", nap)
    said = on_cluster("status --watch --interval 7")
    assert said.code == 130
    assert naps == [7, 7]
    assert sorted(on_cluster.asked) == ["m1", "n1", "n2"]
    first, second, problem = (line.partition(" ")[2] for line in said.out.splitlines())
    assert "healthy" in first
    assert "1 problem" in second
    assert problem.startswith("problem[KB-KUBELET-DOWN] n1: kubelet is not running: its unit is failed")
