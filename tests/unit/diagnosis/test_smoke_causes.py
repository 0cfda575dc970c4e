"""Why rows of the smoke test fail: each cause by the words that were seen in the lab, and near misses."""

from __future__ import annotations

import pytest
from cures import faults_of

from k8sboot.diagnosis.catalogue import ABOUT_ROWS
from k8sboot.diagnosis.evidence import HostEvidence
from k8sboot.diagnosis.finding import Seen

NODES = (
    "NAME STATUS ROLES AGE VERSION\n"
    "m1   Ready   control-plane   5m   v1.37.2   192.0.2.1\n"
    "n1   Ready   <none>   5m   v1.37.2   192.0.2.2"
)
PROXIES = (
    "kube-system   kube-proxy-a   1/1   Running   0   5m   192.0.2.1   m1   <none>   <none>\n"
    "kube-system   kube-proxy-b   1/1   Running   0   5m   192.0.2.2   n1   <none>   <none>"
)
COREDNS = "kube-system   coredns-5f-x   1/1   Running   0   5m   172.16.0.2   m1   <none>   <none>"
LARGE = "m1 to n1: 16384 bytes do not arrive (context deadline exceeded)"
CASES = {
    "KB-SMOKE-IMAGE": (
        "image",
        "n1: r.lan/agnhost:1: ImagePullBackOff (failed to resolve: r.lan/agnhost:1: not found)",
        {},
        "the smoke test's image r.lan/agnhost:1 cannot be pulled on n1: the registry does not have it",
    ),
    "KB-PROXY-DOWN": (
        "service",
        "n1: http://10.96.0.9 from the node: no answer within 12 s",
        {"nodes": NODES, "pods": PROXIES.splitlines()[0]},
        "kube-proxy does not run on n1",
    ),
    "KB-DNS-DOWN": (
        "dns",
        "n1: echo from its Pod: no answer within 12 s",
        {"nodes": NODES, "pods": PROXIES},
        "it has no Pods",
    ),
    "KB-PATH-MTU": (
        "pod-network",
        f"{LARGE}, 1 byte does",
        {"links": "m1 eth0 1500\nn1 eth0 1000\nm1 lo 65536\nn1 lo 65536"},
        "eth0 of n1 has MTU 1000, on other hosts 1500",
    ),
    "KB-POD-NETWORK-FILTERED": (
        "pod-network",
        f"{LARGE}, nor does 1 byte",
        {},
        "Pods of m1 do not reach Pods of n1: context deadline exceeded",
    ),
    "KB-NODE-NOT-READY": (
        "image",
        "m1: Pending; n1: Pending",
        {"nodes": NODES.replace("n1   Ready", "n1   NotReady")},
        "NotReady: n1; no Pod starts there",
    ),
    "KB-METRICS-DOWN": (
        "metrics",
        "error: Metrics API not available",
        {"pods": f"{PROXIES}\n{COREDNS}"},
        "metrics-server does not run: it has no Pods",
    ),
    "KB-NODE-PORT-FILTERED": (
        "node-port",
        "n1:30123 from m1: no answer within 12 s",
        {"nodes": NODES, "pods": PROXIES},
        "m1 does not reach NodePort 30123 on n1: no answer within 12 s",
    ),
    "KB-STATIC-POD": (
        "static-pod",
        "the static Pod static-n1 to run: the API server does not know it yet",
        {},
        "kubelet on n1 made no Pod of a file in /etc/kubernetes/manifests",
    ),
    "KB-EXEC-DENIED": (
        "exec",
        "n1: Error from server (Forbidden): pods \"echo-x\" is forbidden: Policy 'no' denied",
        {},
        "`kubectl exec` is refused on n1",
    ),
    "KB-KUBELET-UNREACHABLE": (
        "exec",
        "n1: error: error sending request: error dialing backend: dial tcp 192.0.2.2:10250: i/o timeout",
        {},
        "the kubelet of n1 at 192.0.2.2:10250: i/o timeout",
    ),
}


def found(row: str, said: str, sections: dict[str, str]):
    evidence = HostEvidence({**sections, "row": row, "output": said})
    return ABOUT_ROWS.examine([Seen(evidence)])


@pytest.mark.parametrize("code", CASES)
def test_a_cause_is_found_by_what_the_row_saw(code):
    row, said, sections, words = CASES[code]
    best = found(row, said, sections)[0]
    assert best.code == code
    assert words in best.cause
    assert faults_of(best.cure) == []


def test_exec_that_a_policy_denies_has_the_node_and_its_reason_alone():
    said = [
        f"error: unable to upgrade connection: pods \"{pod}\" is forbidden: Policy 'no' denied request: not here"
        for pod in ("a", "b")
    ]
    best = found("exec", f"n1: {said[0]}; n2: {said[1]}", {})[0]
    assert best.code == "KB-EXEC-DENIED"
    assert best.cause.startswith('`kubectl exec` is refused on n1: pods "a" is forbidden')
    assert "n2" not in best.cause


def test_the_reason_of_an_image_is_told_without_what_wraps_it():
    state = "ErrImagePull (rpc error: code = NotFound desc = failed to resolve image: r/a:1: not found)"
    best = found("image", f"n1, n2: r/a:1: {state}", {})[0]
    assert best.cause == (
        "the smoke test's image r/a:1 cannot be pulled on n1, n2: the registry does not have it "
        "(failed to resolve image: r/a:1: not found)"
    )


def test_an_image_that_is_there_and_cannot_be_pulled_again_is_told_apart():
    said = "pull-always: ErrImagePull (failed to resolve: dial tcp 192.0.2.9:443: connect: connection refused) on n1"
    best = found("pull-policies", said, {})[0]
    assert best.code == "KB-SMOKE-IMAGE"
    assert "is on the nodes, but it cannot be pulled again: the registry" in best.cause


@pytest.mark.parametrize(
    ("row", "said", "sections"),
    [
        ("dns", "no answer", {"nodes": NODES, "pods": f"{PROXIES}\n{COREDNS}"}),
        ("dns", "no answer", {}),
        ("service", "no answer", {"nodes": NODES, "pods": PROXIES}),
        ("logs", "n1: it printed nothing (status 0)", {"nodes": NODES, "pods": ""}),
        ("image", "n1: Pending", {"nodes": NODES.replace("m1   Ready", "m1   NotReady")}),
        ("metrics", "no metrics of n1", {"pods": COREDNS.replace("coredns", "metrics-server")}),
    ],
    ids=[
        "CoreDNS runs",
        "nothing is known",
        "kube-proxy runs",
        "another row",
        "another node",
        "metrics-server runs",
    ],
)
def test_a_near_miss_is_not_found(row, said, sections):
    assert found(row, said, sections) == ()
