"""Causes between a machine and the cluster that it is to join."""

from __future__ import annotations

import re
import shlex

from k8sboot.diagnosis.evidence import OUTPUT, HostEvidence
from k8sboot.diagnosis.finding import Finding, excerpt
from k8sboot.diagnosis.words import KUBELET, STEP_OUTPUT, LogPattern
from k8sboot.kubernetes import ports


def token_unsigned(evidence: HostEvidence) -> Finding | None:
    """The token exists, but kube-controller-manager has not signed cluster-info with it."""
    match = evidence.find(r'could not find a JWS signature .* for token ID "(\w+)"', *STEP_OUTPUT)
    if not match or not evidence.find(rf"^bootstrap-token-{match[1]}\b", "tokens"):
        return None
    return Finding(
        "KB-TOKEN-UNSIGNED",
        f"the join token {match[1]} exists but is not signed: kube-controller-manager is not working",
        "find out why with `kubectl -n kube-system get pods -l component=kube-controller-manager -o wide` "
        "and its log, fix it, then run again",
    )


token = LogPattern(
    "KB-TOKEN-EXPIRED",
    (
        r'could not find a JWS signature in the cluster-info ConfigMap for token ID "(?P<id>\w+)"',
        r'token id "(?P<id>\w+)" is invalid for this cluster or it has expired',
    ),
    "the cluster does not know the join token {id}: it has expired or was revoked",
    "run `k8sboot up` again, which creates a new token; by hand, run `k8sboot token new`. `kubeadm token "
    "list` on the first master shows the valid ones",
    STEP_OUTPUT,
    lambda evidence: token_unsigned(evidence) is None,
)

unauthorized = LogPattern(
    "KB-TOKEN-EXPIRED",
    r"configmaps \"kubeadm-config\" is forbidden: User \"system:anonymous\"|failed to "
    r"(?:get|fetch|retrieve).*: Unauthorized$"
    r"|asked for the client to provide credentials",
    "the API server rejects the join token: it has expired, was revoked, or lacks its group",
    "run `k8sboot up` again, which creates a new token",
    (OUTPUT, *KUBELET),
)

certificate_key = LogPattern(
    "KB-CERTIFICATE-KEY",
    r"Secret \"kubeadm-certs\" was not found|error decoding certificate key|cipher: message authentication "
    r"failed",
    "the control plane's certificates for joining masters are missing from the cluster, or encrypted with "
    "another certificate key: they expire after two hours",
    "run `k8sboot up` again, which uploads them again",
    STEP_OUTPUT,
)

ca_mismatch = LogPattern(
    "KB-CA-MISMATCH",
    r"none of the public keys \"?(?P<keys>[^\"]*)\"? are pinned",
    "the cluster at the endpoint has a different CA ({keys}) from the first master",
    "find out which machine answers at cluster.controlPlaneEndpoint: `openssl s_client -connect HOST:6443 "
    "</dev/null | openssl x509 -noout -issuer`; remove an old cluster from the load balancer, or an "
    "address that two machines share; if this cluster's CA was replaced, run `kubeadm init phase bootstrap-token "
    "--skip-token-print` on the first master, which publishes the new one",
    STEP_OUTPUT,
)


def stale_ca(evidence: HostEvidence) -> Finding | None:
    """kubelet trusts the CA of a cluster that no longer exists."""
    found = evidence.find(
        r"https://([^/\"\\]+)/\S*: x509: certificate signed by unknown authority", OUTPUT, *KUBELET
    )
    if not found or "/v2/" in found[0]:
        return None
    return Finding(
        "KB-CA-MISMATCH",
        f"the API server at {excerpt(found[1])} has a certificate of a different CA from the one in this "
        "machine's kubeconfig",
        "remove the files of an earlier cluster with `k8sboot reset --limit HOST`, then run `k8sboot up`",
    )


node_taken = LogPattern(
    "KB-NODE-TAKEN",
    r'a Node with name "(?P<name>[^"]+)" and status "(?P<status>\w+)" already exists in the cluster',
    "the cluster already has a node {name}, which is {status}",
    "if that node is another machine, rename this one; if it is this machine from an earlier join, run "
    "`kubectl delete node {name}`, then run again",
    STEP_OUTPUT,
)

_NO_ANSWER = "dial tcp|lookup|proxyconnect|awaiting headers|deadline exceeded|waiting for connection|EOF"
# a probe of kubelet's concerns a Pod, not the endpoint
_DIAL = (
    rf"^(?!.*\bprobe failed: ).*?https://(?P<where>(?!\S*:{ports.KUBELET}/)[^/\"\s]+)/\S*\"?: "
    rf"(?P<why>.*(?:{_NO_ANSWER}).*)"
)
_NO_NAME = "no such host|server misbehaving|name or service not known|name resolution"
_REASON = (
    r"connection refused|timeout|timed out|deadline exceeded|proxyconnect\S*|EOF|unreachable|awaiting headers"
)


def endpoint(evidence: HostEvidence) -> Finding | None:
    """The API endpoint does not answer from this machine."""
    match = evidence.find(_DIAL, *STEP_OUTPUT)
    if match and "/v2/" in match[0]:
        return None
    tried = evidence["endpoint"].strip().splitlines()[-1:] or [""]
    if match:
        where = excerpt(match["where"])
        return _filtered(evidence, where, match["why"]) or _unreachable(where, match["why"], tried[0])
    if tried[0] not in ("", "open") and _serves(evidence):
        return _unreachable(
            "cluster.controlPlaneEndpoint, unlike this machine's own port 6443,", tried[0], ""
        )
    return None


def _serves(evidence: HostEvidence) -> bool:
    return evidence.find(r":6443\s.*kube-apiserver", "ports") is not None


def _filtered(evidence: HostEvidence, where: str, why: str) -> Finding | None:
    """The API server is ready on the first master, whose packet filter rejects."""
    rule = evidence.find(r"^rule (?P<rule>.+)", "master-filter")
    if not rule or evidence["api"].strip() != "ok" or re.search(_NO_NAME, why, re.IGNORECASE):
        return None
    unit = evidence.find(r"^unit (?P<name>\S+)", "master-filter")
    by = f" ({excerpt(unit['name'])}.service is active)" if unit else ""
    stop = (
        f"run `systemctl disable --now {shlex.quote(excerpt(unit['name']))}`" if unit else "remove that rule"
    )
    reason = re.search(_REASON, why, re.IGNORECASE)
    return Finding(
        "KB-FIREWALL",
        f"the API at {where} is ready but does not answer this machine{f' ({reason[0]})' if reason else ''}: the "
        f"first master's packet filter has the rule {excerpt(rule['rule'])}{by}",
        "open it on every host to the cluster's hosts and networks (see `k8sboot explain KB-FIREWALL`), "
        f"or {stop}; then run again",
    )


def _unreachable(where: str, why: str, tried: str) -> Finding:
    if re.search(r"no route to host|administratively|host unreachable", f"{why} {tried}", re.IGNORECASE):
        return Finding(
            "KB-FIREWALL",
            f"{where} cannot be reached: no route to host, the typical answer of a firewall that rejects",
            "open 6443/tcp for the cluster's hosts on the machine behind that address: `systemctl "
            "is-active firewalld ufw; iptables -S INPUT`; check the route here with `ip route get "
            "ADDRESS`",
        )
    if re.search(_NO_NAME, why, re.IGNORECASE):
        return Finding(
            "KB-ENDPOINT-DNS",
            f"the name in {where} does not resolve on this machine",
            "add the name to DNS, or to /etc/hosts on every host; check with `getent hosts NAME` and "
            "/etc/resolv.conf",
        )
    reason = re.search(_REASON, f"{why} {tried}", re.IGNORECASE)
    return Finding(
        "KB-ENDPOINT-UNREACHABLE",
        f"the API at {where} does not answer from this machine: {excerpt(reason[0] if reason else why)}",
        "test it from this machine with `timeout 5 bash -c '</dev/tcp/HOST/6443' && echo open`; check "
        "that the API server is running, that the load balancer points to it, and that no firewall drops "
        "6443/tcp",
    )


csr_pending = LogPattern(
    "KB-CSR-PENDING",
    # younger than two minutes, kubectl shows an age in seconds
    r"^(?P<name>\S+) +(?:\d+[mhdy])+\d*s? .*kubernetes\.io/kube-apiserver-client-kubelet .{0,400}(?<!\w)Pending\s*$",
    "kubelet's certificate signing request {name} is not approved",
    "check the request with `kubectl get csr`; if it comes from one of your machines, run `kubectl "
    "certificate approve {name}`. kube-controller-manager approves requests itself if the bindings "
    "kubeadm:node-autoapprove-* exist",
    ("requests",),
)

JOIN = (
    token_unsigned,
    token,
    certificate_key,
    ca_mismatch,
    node_taken,
    stale_ca,
    unauthorized,
    endpoint,
    csr_pending,
)
