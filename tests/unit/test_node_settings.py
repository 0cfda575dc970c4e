"""Labels and taints of the inventory reach the nodes, are taken back again, and nobody else's are touched."""

from __future__ import annotations

import dataclasses
import json

import pytest
from fake_cluster import FakeCluster
from inventories import spec
from runs import raise_errors, run

from k8sboot.errors import ConnectError
from k8sboot.events import Changed
from k8sboot.inventory.model import Spec
from k8sboot.kubernetes.node_settings import ANNOTATION
from k8sboot.runbook import UP

SET = "set labels and taints of n1"
GPU = "gpu=true:NoSchedule"
RECORD = "write /etc/kubernetes/k8sboot/node-settings"


def wanting(**settings: object) -> Spec:
    """The inventory with settings of n1."""
    made = spec()
    return dataclasses.replace(made, nodes=(dataclasses.replace(made.nodes[0], **settings), *made.nodes[1:]))


def changed(cluster: FakeCluster, wanted: Spec, **how: object) -> list[str]:
    cluster.spec = wanted
    told = raise_errors(run(cluster, UP, **how))
    return told.changes.get("m1", [])


def settings(cluster: FakeCluster, kind: str) -> dict[str, str]:
    return cluster.settings.get("n1", {}).get(kind, {})


def test_labels_and_taints_are_set_on_a_running_cluster_and_taken_back(finished):
    wanted = wanting(labels={"disk": "ssd", "zone": ""}, taints=(GPU, "own:NoExecute"))
    assert changed(finished, wanted) == [RECORD, SET]
    assert settings(finished, "label") == {"disk": "ssd", "zone": ""}
    assert settings(finished, "taint") == {"gpu:NoSchedule": "true", "own:NoExecute": ""}
    assert changed(finished, wanted) == []
    assert changed(finished, wanting(labels={"disk": "hdd"}, taints=("gpu=no:NoSchedule",))) == [SET]
    assert settings(finished, "label") == {"disk": "hdd"}
    assert settings(finished, "taint") == {"gpu:NoSchedule": "no"}
    assert changed(finished, spec()) == [SET, "remove /etc/kubernetes/k8sboot/node-settings"]
    assert settings(finished, "label") == settings(finished, "taint") == settings(finished, "annotate") == {}
    assert changed(finished, spec()) == []


def test_a_host_that_fails_keeps_its_labels_and_the_others_get_theirs(finished):
    changed(finished, wanting(labels={"zone": "fra"}))
    wanted = wanting(labels={"zone": "ber"})
    n2 = dataclasses.replace(wanted.nodes[1], labels={"zone": "ber"})
    finished.spec = dataclasses.replace(wanted, nodes=(wanted.nodes[0], n2))
    init, finished.hosts["n1"].facts["init"] = finished.hosts["n1"].facts["init"], "openrc"
    told = run(finished, UP)
    assert told.errors == {"n1": "KB-PREFLIGHT"}
    assert told.changes["m1"] == ["set labels and taints of n2"]
    run(finished, UP, dead={"n1": ConnectError("gone", host="n1")})
    assert settings(finished, "label") == {"zone": "fra"}
    finished.hosts["n1"].facts["init"] = init
    assert changed(finished, finished.spec) == [SET]


def test_the_record_stays_while_a_host_fails(finished):
    changed(finished, wanting(labels={"zone": "fra"}))
    finished.spec = spec()
    finished.hosts["n1"].facts["init"] = "openrc"
    assert run(finished, UP).changes == {}


def test_what_another_has_set_stays(finished):
    finished.settings["n1"] = {"label": {"mine": "1", "disk": "ssd"}, "taint": {"mine:NoSchedule": ""}}
    assert changed(finished, wanting(labels={"disk": "ssd", "a": "b"})) == [RECORD, SET]
    assert changed(finished, spec())[0] == SET
    assert settings(finished, "label") == {"mine": "1", "disk": "ssd"}
    assert settings(finished, "taint") == {"mine:NoSchedule": ""}


def test_a_label_that_another_has_changed_since_is_left_and_told(finished):
    changed(finished, wanting(labels={"disk": "ssd"}))
    settings(finished, "label")["disk"] = "nvme"
    finished.spec = spec()
    told = raise_errors(run(finished, UP))
    assert "KB-NODE-SETTING-LEFT" in told.codes
    assert settings(finished, "label") == {"disk": "nvme"}
    assert changed(finished, spec()) == []


def test_a_changed_label_is_repaired_while_the_inventory_has_it(finished):
    changed(finished, wanting(labels={"disk": "ssd"}))
    settings(finished, "label")["disk"] = "nvme"
    assert changed(finished, wanting(labels={"disk": "ssd"})) == [SET]
    assert settings(finished, "label") == {"disk": "ssd"}


def test_a_plan_shows_values_and_sets_nothing(finished):
    finished.settings["n1"] = {"label": {"disk": "hdd"}}
    finished.spec = wanting(labels={"disk": "ssd"}, taints=(GPU,))
    told = raise_errors(run(finished, UP, is_dry=True))
    (shown,) = [e.diff for e in told.of(Changed) if e.what == SET]
    assert shown == "n1 disk: hdd -> ssd\nn1 gpu:NoSchedule: not set -> true\n"
    assert settings(finished, "label") == {"disk": "hdd"}


def test_a_limit_leaves_other_nodes_as_they_are(finished):
    wanted = wanting(labels={"disk": "ssd"})
    assert changed(finished, wanted, limit=["n2"]) == [RECORD]
    assert settings(finished, "label") == {}
    changed(finished, wanted)
    assert changed(finished, spec(), limit=["n2"]) == []
    assert changed(finished, spec())[0] == SET


def test_what_is_set_is_recorded_before_and_forgotten_behind(finished):
    changed(finished, wanting(labels={"a": "1"}))
    finished.hosts["m1"].clear()
    changed(finished, wanting(labels={"b": "2"}))
    verbs = [line.split()[5] for line in finished.hosts["m1"].commands if " node n1 " in line]
    assert verbs == ["annotate", "label", "annotate"]
    assert json.loads(settings(finished, "annotate")[ANNOTATION]) == {"labels": {"b": "2"}}


def test_a_cluster_without_any_asks_nothing_more(finished):
    finished.hosts["m1"].clear()
    raise_errors(run(finished, UP))
    assert not [line for line in finished.hosts["m1"].commands if "spec.taints" in line]


@pytest.mark.parametrize("record", ["nonsense", "[]", '{"labels": 3}'])
def test_a_record_that_is_none_takes_nothing_back(finished, record):
    changed(finished, wanting(labels={"a": "1"}))
    finished.settings["n1"]["annotate"][ANNOTATION] = record
    finished.settings["n1"]["label"]["mine"] = "1"
    changed(finished, wanting(labels={"b": "2"}))
    assert settings(finished, "label") == {"a": "1", "mine": "1", "b": "2"}
