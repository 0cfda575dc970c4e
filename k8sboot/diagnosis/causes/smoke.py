"""Why rows of the smoke test fail: its image, a node, kube-proxy, CoreDNS, packets that are lost, refused exec."""

from __future__ import annotations

import re

from k8sboot.diagnosis.causes.images import meaning_of
from k8sboot.diagnosis.evidence import OUTPUT, HostEvidence
from k8sboot.diagnosis.finding import Finding, excerpt
from k8sboot.diagnosis.words import LogPattern

_NETWORK = r"^(?:service|dns|node-port|pod-network)$"


def image_missing(evidence: HostEvidence) -> Finding | None:
    """The image of the test cannot be pulled."""
    found = evidence.find(
        r"(?P<node>[^;:]+): (?P<image>\S+): (?:ErrImagePull|ImagePullBackOff|InvalidImageName) ?\(?"
        r"(?P<why>[^;]*?)\)?(?:;|$)",
        OUTPUT,
    )
    if not found:
        return None
    meaning, image = meaning_of(found["why"]), excerpt(found["image"])
    return Finding(
        "KB-SMOKE-IMAGE",
        f"the smoke test's image {image} cannot be pulled on {excerpt(found['node'])}"
        f"{f': {meaning}' if meaning else ''}",
        "set smoke.image in the inventory to an image that the hosts can pull, or copy agnhost into the registry of "
        "cluster.imageRepository; then run `k8sboot smoke` again",
    )


def image_not_pulled_again(evidence: HostEvidence) -> Finding | None:
    """The image is on the nodes, and cannot be pulled a second time."""
    found = evidence.find(
        r"pull-always: (?:ErrImagePull|ImagePullBackOff) ?\(?(?P<why>[^;]*?)\)?(?: on |;|$)", OUTPUT
    )
    if not found:
        return None
    meaning = meaning_of(found["why"])
    return Finding(
        "KB-SMOKE-IMAGE",
        f"the smoke test's image is on the nodes, but it cannot be pulled again{f': {meaning}' if meaning else ''}",
        "check that the nodes reach the registry: run `crictl pull` with the image there, with Docker `docker pull`; "
        "until they do, Pods with imagePullPolicy Always do not start",
    )


def node_not_ready(evidence: HostEvidence) -> Finding | None:
    """A node on which no Pod starts, or which renews no lease, is NotReady."""
    if not evidence.find("^(?:image|leases)$", "row"):
        return None
    unready = [found[1] for found in evidence.lines(r"^(\S+) +NotReady\S* ", "nodes")]
    named = [node for node in unready if evidence.find(rf"(?:^|[\s/]){re.escape(node)}:", OUTPUT)]
    if not named:
        return None
    return Finding(
        "KB-NODE-NOT-READY",
        f"NotReady: {excerpt(', '.join(named))}; no Pod starts there",
        "run `k8sboot status`, which says why, and repair it; or drain the node and remove it from the inventory",
    )


def metrics_server_stopped(evidence: HostEvidence) -> Finding | None:
    """No metrics-server runs."""
    pods = evidence.lines(r"^kube-system +metrics-server-\S+ +(\d+)/\d+ +(\S+)", "pods")
    if not evidence.find("^metrics$", "row") or not evidence["pods"] or any(pod[1] != "0" for pod in pods):
        return None
    states = ", ".join(sorted({pod[2] for pod in pods}))
    return Finding(
        "KB-METRICS-DOWN",
        f"metrics-server does not run: {f'its Pods are {excerpt(states)}' if pods else 'it has no Pods'}",
        "look at it with `kubectl -n kube-system get deployment,pods -l k8s-app=metrics-server -o wide`; with 0 "
        "replicas run `kubectl -n kube-system scale deployment metrics-server --replicas=1`",
    )


def kube_proxy_stopped(evidence: HostEvidence) -> Finding | None:
    """No kube-proxy runs on a node where a Service does not answer."""
    if not evidence.find(r"^(?:service|dns|node-port)$", "row"):
        return None
    nodes = [found[1] for found in evidence.lines(r"^(\S+) +(?:Ready|NotReady)\S* ", "nodes")]
    running = {
        found[1]
        for found in evidence.lines(r"^kube-system +kube-proxy-\S+ +1/1 +Running .* (\S+) +\S+ +\S+$", "pods")
    }
    without = [node for node in nodes if node not in running]
    if not without or not nodes:
        return None
    return Finding(
        "KB-PROXY-DOWN",
        f"kube-proxy does not run on {excerpt(', '.join(without))}: Services have no address there",
        "find out why with `kubectl -n kube-system get daemonset,pods -l k8s-app=kube-proxy -o wide`, then run "
        "`k8sboot phase kube-proxy kube-proxy-mode`",
    )


def dns_stopped(evidence: HostEvidence) -> Finding | None:
    """No CoreDNS runs."""
    pods = evidence.lines(r"^kube-system +coredns-\S+ +(\d+)/\d+ +(\S+)", "pods")
    if not evidence.find("^dns$", "row") or not evidence["pods"] or any(pod[1] != "0" for pod in pods):
        return None
    states = ", ".join(sorted({pod[2] for pod in pods}))
    return Finding(
        "KB-DNS-DOWN",
        f"CoreDNS does not run: {f'its Pods are {excerpt(states)}' if pods else 'it has no Pods'}",
        "look at it with `kubectl -n kube-system get deployment,pods -l k8s-app=kube-dns -o wide`; with 0 replicas run "
        "`kubectl -n kube-system scale deployment coredns --replicas=2`",
    )


def path_mtu(evidence: HostEvidence) -> Finding | None:
    """Small packets pass between Pods, large ones do not."""
    found = evidence.find(
        r"(?P<here>\S+) to (?P<there>\S+): \d+ bytes do not arrive .{0,300}?1 byte does", OUTPUT
    )
    if not found or re.search(r"nor does 1 byte", found[0]):
        return None
    odd = _odd_link(evidence)
    return Finding(
        "KB-PATH-MTU",
        f"small packets pass from {excerpt(found['here'])} to {excerpt(found['there'])}, large ones are lost: an MTU "
        f"on the way is smaller than that of the Pods{f'; {odd}' if odd else ''}",
        "check `ip link` on both hosts and set the same MTU on all of them; or set calico.mtu in the inventory to "
        "what passes, less 20 with ipip and 50 with vxlan, and run `k8sboot phase calico`",
    )


def _odd_link(evidence: HostEvidence) -> str:
    """An interface whose MTU is smaller than on other hosts, where all have one of that name."""
    by_name: dict[str, dict[str, int]] = {}
    for found in evidence.lines(
        r"^(\S+) (eth0|ens\S+|enp\S+|host0|tunl0|vxlan\.calico|flannel\.1) (\d{1,6})$", "links"
    ):
        by_name.setdefault(found[2], {})[found[1]] = int(found[3])
    for name, mtus in by_name.items():
        host, least = min(mtus.items(), key=lambda pair: pair[1])
        if least < max(mtus.values()):
            return f"{name} of {excerpt(host)} has MTU {least}, on other hosts {max(mtus.values())}"
    return ""


exec_denied = LogPattern(
    "KB-EXEC-DENIED",
    (
        r"(?P<node>[^\s:;]+): [^;]*(?P<why>Debug endpoints are disabled|unable to upgrade connection: Forbidden[^;]*)",
        r"(?P<node>[^\s:;]+): (?:Error from server(?: \(Forbidden\))?|error: unable to upgrade connection): "
        r"(?P<why>(?:pods [^;]* is forbidden|admission webhook)[^;]*)",
        r"(?P<node>[^\s:;]+): (?P<why>The \w+ \"\S+\" is invalid: [^;]*denied request[^;]*)",
    ),
    "`kubectl exec` is refused on {node}: {why}",
    "run `grep -n enableDebuggingHandlers /var/lib/kubelet/config.yaml` there, and look for what forbids pods/exec: "
    "`kubectl get validatingadmissionpolicies,validatingwebhookconfigurations`",
    (OUTPUT,),
    only_if=lambda evidence: evidence.find("^exec$", "row") is not None,
)

kubelet_filtered = LogPattern(
    "KB-KUBELET-UNREACHABLE",
    r"(?P<node>[^\s:;]+): (?:error|Error)[^;]{0,300}?dial(?:ing backend: dial)? tcp "
    r"(?P<where>[\d.]+:10250): (?P<why>[^;]*)",
    "the API server cannot reach the kubelet of {node} at {where}: {why}",
    "open 10250/tcp on that machine for the masters: check `iptables -S INPUT` there, and that "
    "`kubectl get nodes -o wide` shows an INTERNAL-IP that the machine has",
    (OUTPUT,),
)

pods_unreachable = LogPattern(
    "KB-POD-NETWORK-FILTERED",
    r"(?P<here>\S+) to (?P<there>[^\s:]+): \d+ bytes do not arrive \((?P<why>.{0,300}?)\), nor does 1 byte",
    "Pods of {here} do not reach Pods of {there}: {why}",
    "check on both hosts that packet filters accept packets from and to cluster.podSubnet and those of the pod network "
    "(`iptables -S`), and that its Pods are ready: `kubectl -n kube-system get pods -o wide`",
    (OUTPUT,),
)

static_pod_ignored = LogPattern(
    "KB-STATIC-POD",
    r"static Pod static-(?P<node>\S+) to run: the API server does not know it yet",
    "kubelet on {node} made no Pod of a file in /etc/kubernetes/manifests",
    "run `grep staticPodPath /var/lib/kubelet/config.yaml` there: it must be /etc/kubernetes/manifests; then "
    "`journalctl -u kubelet -n 50`",
    (OUTPUT,),
)

node_port_filtered = LogPattern(
    "KB-NODE-PORT-FILTERED",
    r"(?P<node>\S+):(?P<port>\d{1,5}) from (?P<here>[^:]+): (?P<why>[^;]*)",
    "{here} does not reach NodePort {port} on {node}: {why}",
    "open the NodePorts there, 30000 to 32767/tcp if the API server has no other range: check `iptables -S` "
    "and what filters packets on the way",
    (OUTPUT,),
    only_if=lambda evidence: evidence.find("^node-port$", "row") is not None,
)

ROWS = (
    image_missing,
    image_not_pulled_again,
    node_not_ready,
    metrics_server_stopped,
    kube_proxy_stopped,
    dns_stopped,
    exec_denied,
    kubelet_filtered,
    path_mtu,
    pods_unreachable,
    static_pod_ignored,
    node_port_filtered,
)
