from __future__ import annotations

import json

import pytest
from fake_answers import daemon_set, deployment
from fake_rows import rows

from k8sboot import ensure
from k8sboot.errors import CommandFailed, DeadlineExceeded, Refused
from k8sboot.events import Waiting
from k8sboot.kubernetes.parsers import WORKLOADS
from k8sboot.kubernetes.paths import CA_KEY, CONTROL_PLANE_MANIFESTS, ETCD_DATA, KUBELET_CONF
from k8sboot.runtime.docker import Docker
from k8sboot.ssh.script import OUTPUT_LIMIT

PATH = "/etc/kubernetes/k8sboot/thing.yaml"
RESET = ("kubeadm", "reset", "--force")
QUESTION = ("kubectl", "get", "secrets")
MARK = "/var/lib/k8sboot/kubeadm-unfinished"


@pytest.mark.parametrize(
    ("diff", "changes"),
    [
        ((0, "", ""), []),
        ((1, "+ replicas: 2\n", ""), ["apply thing"]),
        ((2, "", "no matches for kind\n"), ["apply thing"]),
        ((127, "", "kubectl: not found\n"), ["apply thing"]),
    ],
    ids=["the same", "differs", "kind not there yet", "no answer"],
)
def test_a_manifest_is_applied_unless_the_cluster_says_it_is_the_same(bench, diff, changes):
    it = bench(files={PATH: "kind: X\n"}, answers={"kubectl diff": diff, "kubectl apply": ""})
    it.connection.files[PATH].mode = 0o600
    assert it.do(ensure.manifest, "thing", "kind: X\n") == changes


def test_a_manifest_lies_on_the_master_before_it_is_applied(bench):
    it = bench(answers={"kubectl diff": (1, "", ""), "kubectl apply": ""})
    assert it.do(ensure.manifest, "thing", "kind: X\n") == [f"write {PATH}", "apply thing"]
    assert it.connection.files[PATH].mode == 0o600


def test_an_apply_that_fails_says_why(bench):
    it = bench(answers={"kubectl diff": (1, "", ""), "kubectl apply": (1, "", "forbidden\n")})
    with pytest.raises(CommandFailed) as failed:
        it.do(ensure.manifest, "thing", "kind: X\n")
    assert failed.value.detail == "forbidden"


def test_an_unfinished_kubeadm_is_undone_with_its_mark(bench):
    it = bench(files={MARK: ""}, answers={"kubeadm reset": "", "/bin/sh -c": "", "volume-mounts": ""})
    assert it.do(ensure.reset_unfinished, Docker(), RESET) == ["undo an unfinished kubeadm"]
    assert it.said == ["KB-UNFINISHED"]
    assert MARK not in it.connection.files
    assert it.do(ensure.reset_unfinished, Docker(), RESET) == []


def test_an_undo_that_fails_is_due_again(bench):
    it = bench(
        files={MARK: ""}, answers={"kubeadm reset": (1, "", "busy\n"), "/bin/sh -c": "", "volume-mounts": ""}
    )
    with pytest.raises(CommandFailed):
        it.do(ensure.reset_unfinished, Docker(), RESET)
    assert MARK in it.connection.files


@pytest.mark.parametrize("older", [ETCD_DATA, CA_KEY, CONTROL_PLANE_MANIFESTS[0]])
def test_what_is_older_than_an_unfinished_kubeadm_is_not_undone(bench, older):
    it = bench(files={MARK: "", older: "the operator's", KUBELET_CONF: ""})
    it.connection.older.add(older)
    with pytest.raises(Refused) as refused:
        it.do(ensure.reset_unfinished, Docker(), RESET)
    assert refused.value.error_code == "KB-REMAINS"
    assert older in refused.value.what
    assert it.connection.mutations == []


def test_what_was_there_when_kubeadm_began_is_not_undone_whatever_its_time(bench):
    it = bench(files={MARK: f"absent: {KUBELET_CONF}\n", CA_KEY: "the operator's", KUBELET_CONF: ""})
    with pytest.raises(Refused):
        it.do(ensure.reset_unfinished, Docker(), RESET)
    assert it.connection.mutations == []


def test_a_mark_on_a_machine_that_was_a_member_before_is_removed_and_nothing_else(bench):
    """An earlier k8sboot set it before a kubeadm that could but fail there."""
    it = bench(files={MARK: "", KUBELET_CONF: "{}"})
    it.connection.older.add(KUBELET_CONF)
    assert it.do(ensure.reset_unfinished, Docker(), RESET) == ["remove the mark of a kubeadm run on a member"]
    assert it.connection.mutations == [f"rm -f {MARK}"]
    assert it.do(ensure.reset_unfinished, Docker(), RESET) == []


def test_the_api_server_is_ready_or_says_why_not(bench):
    it = bench(answers={"kubectl get --raw": (1, "", "refused \n")})
    assert ensure.apiserver_answers(it.host()) == "refused"
    it.connection.answers["kubectl get --raw"] = (1, "", "")
    assert ensure.apiserver_answers(it.host()) == "it exited with status 1"
    it.connection.answers["kubectl get --raw"] = "ok"
    assert ensure.apiserver_answers(it.host()) == ""


BUSY = (1, "", "Unable to connect to the server: net/http: TLS handshake timeout\n")


def failing(times: int, reply: object = BUSY):
    """What answers that often with the reply, and then as it should."""
    left = [reply] * times
    return lambda _host, _words: left.pop() if left else "{}"


def test_an_api_server_that_is_away_for_a_moment_is_waited_for(bench, clock):
    it = bench(answers={"kubectl get secrets": failing(1), "kubectl get --raw": failing(2)})
    assert it.do(ensure.api_says, QUESTION) == []
    assert [e.what for e in it.events if isinstance(e, Waiting)] == ["the API server to be ready"]
    assert clock.slept == 2


def test_an_api_server_that_stays_away_is_given_up(bench):
    it = bench(answers={"kubectl get secrets": BUSY, "kubectl get --raw": BUSY})
    with pytest.raises(
        DeadlineExceeded, match="timed out after 180 s waiting for the API server to be ready"
    ):
        it.do(ensure.api_says, QUESTION)


def test_an_api_server_that_is_ready_and_yet_never_answers_is_given_up(bench):
    it = bench(answers={"kubectl get secrets": BUSY, "kubectl get --raw": "ok"})
    with pytest.raises(CommandFailed) as failed:
        it.do(ensure.api_says, QUESTION)
    assert "TLS handshake timeout" in failed.value.detail


def test_what_the_api_server_refuses_is_not_asked_again(bench):
    it = bench(answers={"kubectl get secrets": failing(1, (1, "", "Error from server (Forbidden): no\n"))})
    with pytest.raises(CommandFailed):
        it.do(ensure.api_says, QUESTION)


def test_a_busy_api_server_does_not_make_a_manifest_differ(bench):
    it = bench(files={PATH: "kind: X\n"}, answers={"kubectl diff": failing(1), "kubectl get --raw": "ok"})
    it.connection.files[PATH].mode = 0o600
    assert it.do(ensure.manifest, "thing", "kind: X\n") == []


def test_workloads_are_waited_for_until_they_have_settled(bench, clock):
    it = bench()
    young = daemon_set("calico-node")
    young["status"]["numberReady"] = 0
    found = []
    it.connection.answers["kubectl get daemonsets,deployments,pods"] = lambda _h, _w: json.dumps(
        {"items": found}
    )

    def on_nap():
        if clock.slept == 1:
            found.extend([young, deployment("coredns")])
        if clock.slept == 3:
            found[0] = daemon_set("calico-node")

    clock.on_nap = on_nap
    it.do(ensure.settled, "kube-system", timeout=60)
    assert clock.slept == 3


def test_workloads_that_never_settle_are_named(bench):
    young = daemon_set("calico-node")
    young["status"]["numberReady"] = 0
    it = bench(answers={"kubectl get": json.dumps({"items": [young, deployment("coredns")]})})
    with pytest.raises(DeadlineExceeded) as late:
        it.do(ensure.settled, "kube-system", timeout=60)
    assert late.value.why == "daemonset/calico-node: 0 of 1 ready"


def test_a_pod_of_no_workload_is_waited_for_too(bench):
    etcd = {
        "kind": "Pod",
        "metadata": {"name": "etcd-m1"},
        "spec": {"nodeName": "m1"},
        "status": {"phase": "Running"},
    }
    it = bench(
        answers={
            "kubectl get": json.dumps({"items": [deployment("coredns"), etcd]}),
            "kubectl get events": "BackOff: Back-off restarting\x1b[31m failed container",
        }
    )
    with pytest.raises(DeadlineExceeded) as late:
        it.do(ensure.settled, "kube-system", timeout=60)
    assert late.value.why.startswith("etcd-m1 on m1: Running (BackOff: Back-off restarting")
    assert "\x1b" not in late.value.why


def test_of_many_pods_a_few_are_named(bench):
    many = [{"kind": "Pod", "metadata": {"name": f"p{i}"}, "status": {"phase": "Pending"}} for i in range(40)]
    it = bench(
        answers={
            "kubectl get": json.dumps({"items": [daemon_set("calico-node"), *many]}),
            "kubectl get events": (1, "", ""),
        }
    )
    with pytest.raises(DeadlineExceeded) as late:
        it.do(ensure.settled, "kube-system", timeout=60)
    assert late.value.why == (
        "p0 on no node: Pending; p1 on no node: Pending; p2 on no node: Pending; and 37 more Pods"
    )


def test_five_hundred_nodes_fit_into_an_answer(bench):
    """All JSON of their Pods does not: 8 MiB are kept."""
    state = {"running": {"startedAt": "2026-11-29T20:00:00Z"}}
    status = {
        "name": "calico-node",
        "state": state,
        "restartCount": 0,
        "image": "x" * 100,
        "imageID": "y" * 150,
    }
    one = {
        "kind": "Pod",
        "metadata": {"namespace": "kube-system", "ownerReferences": [{"kind": "DaemonSet", "uid": "u" * 36}]},
        "spec": {
            "nodeName": "node-of-a-long-name",
            "containers": [{"env": ["e" * 3000]}],
            "volumes": ["v" * 3000],
        },
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-29T20:00:00Z"}],
            "containerStatuses": [status],
            "initContainerStatuses": [status] * 3,
        },
    }
    pods = [one | {"metadata": one["metadata"] | {"name": f"calico-node-{index}"}} for index in range(1500)]
    assert len(json.dumps(pods)) > OUTPUT_LIMIT
    text = rows([daemon_set("calico-node"), *pods], WORKLOADS)
    assert len(text) < OUTPUT_LIMIT / 4
    it = bench(answers={"kubectl get": text})
    it.do(ensure.settled, "kube-system", timeout=60)
