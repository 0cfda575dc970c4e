"""Each row of the smoke test is seen to fail, by breaking what it looks at; the others pass meanwhile."""

from __future__ import annotations

import base64
import json
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from faultclusters import LONG
from faulthosts import FaultyHost
from faultpolicies import ALTERED_PODS, NO_EXEC, NO_TOKEN
from faultrows import row
from faultruns import Controller, Running
from on_lab import HOSTS

from k8sboot.smoke.rows import FIRST

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
MASTER, NODE, OTHER = HOSTS
KUBECTL = "kubectl --kubeconfig /etc/kubernetes/admin.conf"


@pytest.fixture(autouse=True)
def has_what_the_test_needs(request: pytest.FixtureRequest) -> None:
    """Skips what the lab's version of Kubernetes cannot do."""
    minor = int(request.config.getoption("--kubernetes").partition(".")[2])
    if minor < 30 and request.function is not test_an_image_that_is_missing:
        pytest.skip("this row is tried with containerd and a current Kubernetes")
    if minor < 36 and request.function is test_pods_that_are_altered:
        pytest.skip("it has no MutatingAdmissionPolicy")


def smoke(cluster: Controller, *rows: str, fails: bool = True) -> dict[str, dict[str, Any]]:
    """The rows of a smoke test, by name."""
    only = ("--only", ",".join(rows)) if rows else ()
    done = cluster.run("smoke", "-o", "json", *only, expect=1 if fails else 0, within=LONG)
    return {each["row"]: each for each in json.loads(done.stdout)["rows"]}


def codes(rows: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {name: each["code"] for name, each in rows.items() if each["outcome"] == "failed"}


@contextmanager
def broken(sh: Callable[[str], str], do: str, undo: str) -> Iterator[None]:
    """What one command breaks for the length of the block, and another repairs."""
    sh(do)
    try:
        yield
    finally:
        sh(undo)


@contextmanager
def policy(master: FaultyHost, text: str) -> Iterator[None]:
    """An admission policy for the length of the block."""
    master.write("/root/policy.yaml", text)
    with broken(
        master.sh, f"{KUBECTL} apply -f /root/policy.yaml; sleep 8", f"{KUBECTL} delete -f /root/policy.yaml"
    ):
        yield


def test_every_row_passes_and_a_workload_is_left_alone(cluster: Controller, master: FaultyHost) -> None:
    master.sh(f"{KUBECTL} create configmap mine --from-literal=a=b")
    before = master.sh(f"{KUBECTL} get configmap mine -o yaml")
    assert {each["outcome"] for each in smoke(cluster, fails=False).values()} == {"passed"}
    assert master.sh(f"{KUBECTL} get configmap mine -o yaml") == before
    assert "k8sboot-smoke" not in master.sh(f"{KUBECTL} get namespaces")


@row(127, "kube-proxy stopped, then `smoke`")
def test_kube_proxy_stopped(cluster: Controller, master: FaultyHost) -> None:
    patch = f"{KUBECTL} -n kube-system patch daemonset kube-proxy --type=json -p"
    add = '[{"op":"add","path":"/spec/template/spec/nodeSelector/none","value":"such"}]'
    remove = '[{"op":"remove","path":"/spec/template/spec/nodeSelector/none"}]'
    gone = f"{KUBECTL} -n kube-system wait --for=delete pod -l k8s-app=kube-proxy --timeout=90s"
    with broken(master.sh, f"{patch} '{add}' && {gone}", f"{patch} '{remove}'"):
        found = codes(smoke(cluster, "service", "pod-network", "logs"))
    assert found == {"service": "KB-PROXY-DOWN"}
    master.sh(f"{KUBECTL} -n kube-system rollout status daemonset kube-proxy --timeout=120s")


@row(128, "CoreDNS scaled to none, then `smoke`")
def test_coredns_scaled_to_none(cluster: Controller, master: FaultyHost) -> None:
    scale = f"{KUBECTL} -n kube-system scale deployment coredns --replicas"
    with broken(master.sh, f"{scale}=0", f"{scale}=2"):
        found = codes(smoke(cluster, "dns", "service"))
    assert found == {"dns": "KB-DNS-DOWN"}
    master.sh(f"{KUBECTL} -n kube-system rollout status deployment coredns --timeout=120s")


@row(129, "a small MTU on one node, then `smoke`")
def test_an_mtu_lowered_on_one_node(cluster: Controller, node: FaultyHost) -> None:
    link = node.sh("ip -o route get 192.0.2.1 | sed 's/.* dev //; s/ .*//'").strip()
    rules = (
        "add table inet fault; add chain inet fault large {type filter hook forward priority -10;};"
        " add rule inet fault large meta length > 800 drop"
    )
    with broken(node.sh, f"ip link set {link} mtu 1000", f"ip link set {link} mtu 1500"):
        node.undo.callback(node.let_in)
        node.inside("nft", rules)  # a veth lets too large ones pass, and new Pods take the link's MTU
        rows = smoke(cluster, "pod-network")
    node.let_in()
    assert codes(rows) == {"pod-network": "KB-PATH-MTU"}
    assert f"{link} of {NODE} has MTU 1000" in rows["pod-network"]["why"]


@row(130, "a node's packet filter closes kubelet, Pods or NodePorts, then `smoke`")
@pytest.mark.parametrize(
    ("rule", "rows", "code"),
    [
        ("-{} INPUT -p tcp --dport 10250 -j REJECT", ("logs", "exec"), "KB-KUBELET-UNREACHABLE"),
        ("-{} FORWARD -j DROP", ("pod-network",), "KB-POD-NETWORK-FILTERED"),
        ("-t raw -{} PREROUTING -p tcp --dport 30000:32767 -j DROP", ("node-port",), "KB-NODE-PORT-FILTERED"),
    ],
    ids=["kubelet", "Pods", "NodePorts"],
)
def test_a_nodes_packet_filter_closed(
    cluster: Controller, node: FaultyHost, rule: str, rows: tuple[str, ...], code: str
) -> None:
    with broken(node.sh, f"iptables {rule.format('I')}", f"iptables {rule.format('D')}"):
        found = smoke(cluster, *rows, "leases")
    assert codes(found) == dict.fromkeys(rows, code)
    assert all(NODE in found[name]["seen"] for name in rows)


@row(131, "kubectl exec forbidden by a policy, then `smoke`")
def test_exec_denied(cluster: Controller, master: FaultyHost) -> None:
    with policy(master, NO_EXEC):
        assert codes(smoke(cluster, "exec", "logs")) == {"exec": "KB-EXEC-DENIED"}


@row(131, "join tokens forbidden by a policy, then `smoke`")
def test_join_tokens_denied(cluster: Controller, master: FaultyHost) -> None:
    with policy(master, NO_TOKEN):
        rows = smoke(cluster, "token", "leases")
    assert codes(rows) == {"token": "KB-SMOKE"}
    assert "it repeats what the API server refuses" in rows["token"]["seen"]


@row(132, "an image that no registry has, for `smoke`")
def test_an_image_that_is_missing(cluster: Controller) -> None:
    cluster.spec["smoke"] = {"image": "registry.k8s.io/e2e-test-images/absent:1"}
    rows = smoke(cluster)
    assert codes(rows) == {"image": "KB-SMOKE-IMAGE"}
    assert rows["image"]["seconds"] < FIRST.limit, "it is told before its time is over"
    assert rows["dns"]["outcome"] == "skipped"
    assert rows["static-pod"]["outcome"] == "skipped"
    assert all(name in rows["image"]["seen"] for name in HOSTS)


@row(133, "the registry is closed to the nodes, which have the image, then `smoke`")
def test_a_registry_that_is_closed(cluster: Controller, hosts: dict[str, FaultyHost]) -> None:
    smoke(cluster, "image", fails=False)
    rule = "iptables -{} OUTPUT -p tcp --dport 5000 -j REJECT"
    with ExitStack() as closed:
        for host in hosts.values():
            closed.enter_context(broken(host.sh, rule.format("I"), rule.format("D")))
        rows = smoke(cluster, "pull-policies")
    assert codes(rows) == {"pull-policies": "KB-SMOKE-IMAGE"}
    assert "cannot be pulled again" in rows["pull-policies"]["why"]


@row(134, "an admission policy alters the Pods of `smoke`")
def test_pods_that_are_altered(cluster: Controller, master: FaultyHost) -> None:
    watched = (
        "restart-policies",
        "probes",
        "liveness",
        "readiness",
        "startup",
        "hooks",
        "grace-period",
        "settings",
    )
    with policy(master, ALTERED_PODS):
        rows = smoke(cluster, "pull-policies", *watched)
    assert codes(rows) == dict.fromkeys(watched, "KB-SMOKE")
    assert "restart-always: Completed" in rows["restart-policies"]["seen"]
    assert "Readiness probe failed" in rows["probes"]["seen"]
    assert "env=other" in rows["settings"]["seen"]


@row(135, "metrics-server scaled to none, then `smoke`")
def test_metrics_server_scaled_to_none(cluster: Controller, master: FaultyHost) -> None:
    scale = f"{KUBECTL} -n kube-system scale deployment metrics-server --replicas"
    with broken(master.sh, f"{scale}=0", f"{scale}=1"):
        found = codes(smoke(cluster, "metrics", "leases"))
    assert found == {"metrics": "KB-METRICS-DOWN"}
    master.sh(f"{KUBECTL} -n kube-system rollout status deployment metrics-server --timeout=120s")


@row(136, "kubelet stopped on a node, then `smoke`")
def test_a_kubelet_that_is_stopped(cluster: Controller, master: FaultyHost, other: FaultyHost) -> None:
    with broken(other.sh, "systemctl stop kubelet", "systemctl start kubelet"):
        unready = f"{KUBECTL} wait --for=condition=Ready=Unknown node {OTHER} --timeout=110s"
        master.sh(unready)
        rows = smoke(cluster, "leases", "dns")
    assert codes(rows) == dict.fromkeys(("image", "leases"), "KB-NODE-NOT-READY")
    assert f"kube-node-lease/{OTHER}: renewed" in rows["leases"]["seen"]
    cluster.lab.wait_for_ready(HOSTS)


@row(137, "kubelet without a folder for static Pods, then `smoke`")
def test_a_kubelet_without_static_pods(cluster: Controller, other: FaultyHost) -> None:
    path = "sed -i 's,^staticPodPath: .*,staticPodPath: /etc/kubernetes/{},' /var/lib/kubelet/config.yaml"
    restart = "systemctl restart kubelet"
    with broken(other.sh, f"{path.format('none')} && {restart}", f"{path.format('manifests')} && {restart}"):
        rows = smoke(cluster, "static-pod", "leases")
    assert codes(rows) == {"static-pod": "KB-STATIC-POD"}
    assert OTHER in rows["static-pod"]["why"]
    cluster.lab.wait_for_ready(HOSTS)


def half_way(cluster: Controller) -> Running:
    """A smoke test whose static Pod is there."""
    running = cluster.start("smoke")
    running.until("write /etc/kubernetes/manifests/k8sboot-smoke.yaml", within=LONG)
    return running


def is_gone(master: FaultyHost, other: FaultyHost) -> bool:
    """Whether nothing of a smoke test is left."""
    assert "k8sboot-smoke" not in other.sh("ls /etc/kubernetes/manifests")
    tokens = master.sh(f"{KUBECTL} -n kube-system get secrets -o jsonpath='{{.items[*].data.description}}'")
    assert base64.b64encode(b"k8sboot smoke").decode() not in tokens
    return "k8sboot-smoke" not in master.sh(f"{KUBECTL} get namespaces")


@row(138, "`smoke` is interrupted")
def test_a_test_that_is_interrupted_removes_everything(
    cluster: Controller, master: FaultyHost, other: FaultyHost
) -> None:
    running = half_way(cluster)
    running.process.send_signal(signal.SIGINT)
    ran = running.end(expect=130, within=LONG)
    assert "Interrupted" in ran.stderr or "interrupted" in ran.stderr
    assert is_gone(master, other)


@row(138, "`smoke` is killed, and run again")
def test_a_test_that_is_killed_is_cleared_by_the_next(
    cluster: Controller, master: FaultyHost, other: FaultyHost
) -> None:
    running = half_way(cluster)
    running.process.kill()
    running.end(expect=-9)
    assert "k8sboot-smoke" in master.sh(f"{KUBECTL} get namespaces")
    assert {each["outcome"] for each in smoke(cluster, "static-pod", fails=False).values()} == {"passed"}
    assert is_gone(master, other)


@row(138, "reset after `smoke`")
def test_a_reset_leaves_no_note_of_the_static_pod(cluster: Controller, other: FaultyHost) -> None:
    cluster.run("reset", "--restore-os", "--yes", within=LONG)
    assert "smoke" not in other.sh("find /var/lib/k8sboot /etc/kubernetes 2>/dev/null; true")
