from __future__ import annotations

import json
from typing import Any

import pytest
from fake_rows import rows
from hypothesis import given
from hypothesis import strategies as st

from k8sboot.kubernetes import parsers
from k8sboot.kubernetes.answers import BadAnswer, read_items
from k8sboot.kubernetes.parsers import NODES, WORKLOADS, Node, Pod, Workload
from k8sboot.kubernetes.rows import END

NODE = {
    "kind": "Node",
    "metadata": {
        "name": "m1",
        "labels": {
            "node-role.kubernetes.io/master": "",
            "node-role.kubernetes.io/control-plane": "",
            "os": "linux",
        },
    },
    "status": {
        "conditions": [
            {"type": "MemoryPressure", "status": "False", "reason": "Enough"},
            {"type": "Ready", "status": "False", "reason": "KubeletNotReady", "message": "cni not ready"},
        ],
    },
}


def nodes(*items: dict[str, Any]) -> tuple[Node, ...]:
    return parsers.nodes(rows(items, NODES))


def workloads(*items: dict[str, Any]) -> tuple[Workload, ...]:
    return parsers.workloads(rows(items, WORKLOADS))


def pods(item: dict[str, Any]) -> tuple[Pod, ...]:
    return parsers.pods(rows([item], WORKLOADS))


def test_a_node_says_why_it_is_not_ready() -> None:
    (node,) = nodes(NODE)
    assert (node.name, node.is_ready, node.reason, node.message) == (
        "m1",
        False,
        "KubeletNotReady",
        "cni not ready",
    )
    assert node.roles == ("control-plane", "master")


@pytest.mark.parametrize("role", ["master", "control-plane"])
def test_a_master_is_known_by_either_name_of_its_role(role: str) -> None:
    (node,) = nodes({"metadata": {"name": "m", "labels": {f"node-role.kubernetes.io/{role}": ""}}})
    assert node.is_control_plane


def test_a_node_without_a_ready_condition_is_not_ready() -> None:
    (node,) = nodes({"metadata": {"name": "n1"}})
    assert not node.is_ready
    assert not node.is_control_plane


@pytest.mark.parametrize("status", ["Unknown", "true", True])
def test_only_the_word_true_means_ready(status: object) -> None:
    (node,) = nodes({"status": {"conditions": [{"type": "Ready", "status": status}]}})
    assert not node.is_ready


def test_a_single_object_is_read_as_a_list_of_one() -> None:
    assert [item["metadata"]["name"] for item in read_items(json.dumps(NODE), asked="nodes")] == ["m1"]


def pod(
    *statuses: dict[str, Any], ready: str = "False", phase: str = "Pending", **status: object
) -> dict[str, Any]:
    return {
        "metadata": {
            "namespace": "kube-system",
            "name": "p",
            "ownerReferences": [{"kind": "DaemonSet", "name": "calico-node"}],
        },
        "spec": {"nodeName": "n1"},
        "status": {
            "phase": phase,
            "conditions": [{"type": "Ready", "status": ready}],
            "containerStatuses": list(statuses),
            **status,
        },
    }


def test_a_pod_that_crashes_says_so_and_how_often() -> None:
    (found,) = pods(
        pod({"restartCount": 4, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}, phase="Running")
    )
    assert (found.is_ready, found.reason, found.restarts) == (False, "CrashLoopBackOff", 4)
    assert (found.namespace, found.name, found.node, found.owner) == (
        *("kube-system", "p", "n1", "DaemonSet/calico-node"),
    )


def test_a_pod_whose_image_cannot_be_pulled_by_its_init_container_says_so() -> None:
    (found,) = pods(pod(initContainerStatuses=[{"state": {"waiting": {"reason": "ImagePullBackOff"}}}]))
    assert found.reason == "ImagePullBackOff"


def test_a_pod_that_is_being_created_is_in_no_trouble() -> None:
    (found,) = pods(pod({"state": {"waiting": {"reason": "ContainerCreating"}}}))
    assert (found.is_ready, found.reason) == (False, "Pending")


def test_a_running_pod_is_ready_and_a_finished_one_is_too() -> None:
    assert pods(pod(ready="True", phase="Running"))[0].is_ready
    assert pods(pod(phase="Succeeded"))[0].is_ready


def daemon_set(**status: int) -> dict[str, Any]:
    usual = {
        "observedGeneration": 2,
        "desiredNumberScheduled": 3,
        "updatedNumberScheduled": 3,
        "numberReady": 3,
    }
    return {
        "kind": "DaemonSet",
        "metadata": {"name": "kube-proxy", "namespace": "kube-system", "generation": 2},
        "status": {**usual, **status},
    }


def deployment(**status: int) -> dict[str, Any]:
    usual = {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2}
    return {
        "kind": "Deployment",
        "metadata": {"name": "coredns", "namespace": "kube-system", "generation": 1},
        "spec": {"replicas": 2},
        "status": {**usual, **status},
    }


def test_a_rollout_that_is_through_is_settled() -> None:
    assert [(w.kind, w.wanted, w.ready, w.is_settled) for w in workloads(daemon_set(), deployment())] == [
        ("DaemonSet", 3, 3, True),
        ("Deployment", 2, 2, True),
    ]


@pytest.mark.parametrize(
    "item",
    [
        daemon_set(observedGeneration=1),
        daemon_set(updatedNumberScheduled=2),
        daemon_set(numberReady=2),
        deployment(observedGeneration=0),
        deployment(updatedReplicas=1),
        deployment(readyReplicas=1),
        deployment(replicas=3),
    ],
    ids=["unseen", "old pods", "not ready", "unseen", "old pods", "not ready", "old pods still there"],
)
def test_a_rollout_on_its_way_is_not_settled(item: dict[str, Any]) -> None:
    assert not workloads(item)[0].is_settled


def test_a_deployment_of_no_replicas_is_settled_and_a_silent_one_wants_one() -> None:
    none = deployment(replicas=0, updatedReplicas=0, readyReplicas=0) | {"spec": {"replicas": 0}}
    assert workloads(none)[0].is_settled
    assert workloads(deployment() | {"spec": {}})[0].wanted == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("The connection to the server was refused", "not JSON"),
        ("[1]", "list"),
        ('{"kind": "Status"}', "no list"),
        ('{"items": [1]}', "no list"),
        ("[" * 100_000, "not JSON"),
        ("1" * 5000, "not JSON|int"),
    ],
    ids=["empty", "text", "array", "no items", "no objects", "deep", "long"],
)
def test_a_bad_answer_names_what_was_asked(text: str, why: str) -> None:
    with pytest.raises(BadAnswer, match=why) as caught:
        read_items(text, asked="nodes")
    assert "nodes" in caught.value.what


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("The connection to the server was refused", "cut off"),
        (rows([NODE], NODES)[:-1], "cut off"),
        (f"n1\n{END}", "cut off"),
        (rows([NODE, NODE], NODES)[:-30], "cut off"),
    ],
    ids=["empty", "text", "no end", "another column", "cut in a line"],
)
def test_an_answer_that_was_cut_off_is_not_taken_for_a_whole_one(text: str, why: str) -> None:
    with pytest.raises(BadAnswer, match=why) as caught:
        parsers.nodes(text)
    assert "nodes" in caught.value.what


def test_a_bad_answer_does_not_show_the_answer() -> None:
    with pytest.raises(BadAnswer) as caught:
        read_items('{"token-secret": hunter2', asked="tokens")
    assert "hunter2" not in f"{caught.value} {caught.value.detail} {caught.value.fix}"


columns = st.one_of(
    st.text(st.characters(blacklist_characters="\t\n"), max_size=6),
    st.sampled_from(
        ["Pod", "DaemonSet", "Deployment", "{}", "[1", '{"type": 1}', '{} {"a": [', "3 x {}", "[" * 3000]
    ),
)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Pod", "DaemonSet", "Deployment", "Status", ""]),
            st.lists(columns, min_size=len(WORKLOADS) - 1, max_size=len(WORKLOADS) - 1),
        )
    )
)
def test_no_shape_of_answer_breaks_the_parsers(table: list[tuple[str, list[str]]]) -> None:
    text = "\n".join([*("\t".join([kind, *row]) for kind, row in table), END])
    kinds = [kind for kind, _ in table]
    assert len(parsers.workloads(text)) == sum(kind in ("DaemonSet", "Deployment") for kind in kinds)
    assert len(parsers.pods(text)) == sum(kind in ("Pod", "") for kind in kinds)
    few = "\n".join([*("\t".join(row[: len(NODES)]) for _, row in table), END])
    assert len(parsers.nodes(few)) == len(table)
