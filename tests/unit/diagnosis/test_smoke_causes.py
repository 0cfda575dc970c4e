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


@pytest.mark.parametrize(
    ("row", "said", "sections"),
    [
        ("dns", "no answer", {"nodes": NODES, "pods": f"{PROXIES}\n{COREDNS}"}),
        ("dns", "no answer", {}),
        ("service", "no answer", {"nodes": NODES, "pods": PROXIES}),
        ("logs", "n1: it printed nothing (status 0)", {"nodes": NODES, "pods": ""}),
    ],
    ids=["CoreDNS runs", "nothing is known", "kube-proxy runs", "another row"],
)
def test_a_near_miss_is_not_found(row, said, sections):
    assert found(row, said, sections) == ()
