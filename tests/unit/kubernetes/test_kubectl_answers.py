from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from k8sboot.kubernetes.answers import BadAnswer
from k8sboot.kubernetes.parsers import nodes, pods, workloads

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


def as_list(*items: object) -> str:
    return json.dumps({"kind": "List", "metadata": {"resourceVersion": ""}, "items": items})


def test_a_node_says_why_it_is_not_ready() -> None:
    (node,) = nodes(as_list(NODE))
    assert (node.name, node.is_ready, node.reason, node.message) == (
        "m1",
        False,
        "KubeletNotReady",
        "cni not ready",
    )
    assert node.roles == ("control-plane", "master")


@pytest.mark.parametrize("role", ["master", "control-plane"])
def test_a_master_is_known_by_either_name_of_its_role(role: str) -> None:
    (node,) = nodes(as_list({"metadata": {"name": "m", "labels": {f"node-role.kubernetes.io/{role}": ""}}}))
    assert node.is_control_plane


def test_a_node_without_a_ready_condition_is_not_ready() -> None:
    (node,) = nodes(as_list({"metadata": {"name": "n1"}}))
    assert not node.is_ready
    assert not node.is_control_plane


@pytest.mark.parametrize("status", ["Unknown", "true", True])
def test_only_the_word_true_means_ready(status: object) -> None:
    (node,) = nodes(as_list({"status": {"conditions": [{"type": "Ready", "status": status}]}}))
    assert not node.is_ready


def test_a_single_object_is_read_as_a_list_of_one() -> None:
    assert [node.name for node in nodes(json.dumps(NODE))] == ["m1"]


def pod(*statuses: dict[str, Any], ready: str = "False", phase: str = "Pending", **status: object) -> str:
    return as_list(
        {
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
    )


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
    assert [
        (w.kind, w.wanted, w.ready, w.is_settled) for w in workloads(as_list(daemon_set(), deployment()))
    ] == [
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
    assert not workloads(as_list(item))[0].is_settled


def test_a_deployment_of_no_replicas_is_settled_and_a_silent_one_wants_one() -> None:
    none = deployment(replicas=0, updatedReplicas=0, readyReplicas=0) | {"spec": {"replicas": 0}}
    assert workloads(as_list(none))[0].is_settled
    assert workloads(as_list(deployment() | {"spec": {}}))[0].wanted == 1


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
        nodes(text)
    assert "nodes" in caught.value.what


def test_a_bad_answer_does_not_show_the_answer() -> None:
    with pytest.raises(BadAnswer) as caught:
        nodes('{"token-secret": hunter2')
    assert "hunter2" not in f"{caught.value} {caught.value.detail} {caught.value.fix}"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["metadata", "status", "spec", "conditions", "name", "labels", "type"]), inner
        )
    ),
)


@settings(max_examples=40)
@given(st.lists(st.dictionaries(st.sampled_from(["metadata", "status", "spec", "kind"]), json_values)))
def test_no_shape_of_answer_breaks_the_parsers(items: list[dict[str, Any]]) -> None:
    assert len(nodes(as_list(*items))) == len(items)
    mine = [item.get("kind") for item in items]
    assert len(workloads(as_list(*items))) == sum(kind in ("DaemonSet", "Deployment") for kind in mine)
    assert len(pods(as_list(*items))) == sum(
        kind == "Pod" or not isinstance(kind, str) or not kind for kind in mine
    )
