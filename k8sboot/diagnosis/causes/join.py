"""Causes between a machine and the cluster that it wants to join."""

from __future__ import annotations

import re

from k8sboot.diagnosis.evidence import OUTPUT, HostEvidence
from k8sboot.diagnosis.finding import Finding, told
from k8sboot.diagnosis.words import KUBELET, SAID, LogPattern


def token_unsigned(evidence: HostEvidence) -> Finding | None:
    """The token is there, and kube-controller-manager has not put its signature beside it."""
    said = evidence.find(r'could not find a JWS signature .* for token ID "(\w+)"', *SAID)
    if not said or not evidence.find(rf"^bootstrap-token-{said[1]}\b", "tokens"):
        return None
    return Finding(
        "KB-TOKEN-UNSIGNED",
        f"the cluster has the join token {said[1]} and has not signed it: kube-controller-manager does not do its work",
        "`kubectl -n kube-system get pods -l component=kube-controller-manager -o wide`, and its logs; then run again",
    )


token = LogPattern(
    "KB-TOKEN-EXPIRED",
    (
        r'could not find a JWS signature in the cluster-info ConfigMap for token ID "(?P<id>\w+)"',
        r'token id "(?P<id>\w+)" is invalid for this cluster or it has expired',
    ),
    "the cluster does not know the join token {id} (any more): it has expired or was revoked",
    "run `k8sboot up` again: it makes a new one; by hand `k8sboot token new`. `kubeadm token list` on the first "
    "master shows those that live",
    SAID,
    lambda evidence: token_unsigned(evidence) is None,
)

unauthorized = LogPattern(
    "KB-TOKEN-EXPIRED",
    r"configmaps \"kubeadm-config\" is forbidden: User \"system:anonymous\"|failed to "
    r"(?:get|fetch|retrieve).*: Unauthorized$"
    r"|asked for the client to provide credentials",
    "the API server does not take the join token: it has expired, was revoked, or lacks its group",
    "run `k8sboot up` again: it makes a new one",
    (OUTPUT, *KUBELET),
)

certificate_key = LogPattern(
    "KB-CERTIFICATE-KEY",
    r"Secret \"kubeadm-certs\" was not found|error decoding certificate key|cipher: message authentication "
    r"failed",
    "the control plane's certificates, which a joining master fetches from the cluster, are gone or under "
    "another key: "
    "they live for two hours",
    "run `k8sboot up` again: it uploads them anew",
    SAID,
)

ca_mismatch = LogPattern(
    "KB-CA-MISMATCH",
    r"none of the public keys \"?(?P<keys>[^\"]*)\"? are pinned",
    "the cluster at the endpoint has another CA ({keys}) than the first master",
    "see who answers at cluster.controlPlaneEndpoint: `openssl s_client -connect HOST:6443 </dev/null | openssl x509 "
    "-noout -issuer`; a load balancer may still lead to an old cluster, or two machines may have the address",
    SAID,
)


def stale_ca(evidence: HostEvidence) -> Finding | None:
    """kubelet trusts the CA of a cluster that is no more."""
    found = evidence.find(
        r"https://([^/\"\\]+)/\S*: x509: certificate signed by unknown authority", OUTPUT, *KUBELET
    )
    if not found or "/v2/" in found[0]:
        return None
    return Finding(
        "KB-CA-MISMATCH",
        f"the API server at {told(found[1])} has a certificate of another CA than the one in this "
        f"machine's kubeconfig",
        "the machine has files of an earlier cluster: `k8sboot reset --limit HOST`, then `k8sboot up`",
    )


node_taken = LogPattern(
    "KB-NODE-TAKEN",
    r'a Node with name "(?P<name>[^"]+)" and status "(?P<status>\w+)" already exists in the cluster',
    "the cluster has a node {name} already, and it is {status}",
    "where that is another machine, give this one another name; where it is this one, from before: "
    "`kubectl delete node "
    "{name}`, then run again",
    SAID,
)

_NO_ANSWER = "dial tcp|lookup|proxyconnect|awaiting headers|deadline exceeded|waiting for connection|EOF"
_DIAL = rf"https://(?P<where>[^/\"\s]+)/\S*\"?: (?P<why>.*(?:{_NO_ANSWER}).*)"
_REASON = (
    r"connection refused|timeout|timed out|deadline exceeded|proxyconnect\S*|EOF|unreachable|awaiting headers"
)


def endpoint(evidence: HostEvidence) -> Finding | None:
    """The API's address does not answer from this machine."""
    said = evidence.find(_DIAL, *SAID)
    if said and "/v2/" in said[0]:
        return None
    tried = evidence["endpoint"].strip().splitlines()[-1:] or [""]
    if said:
        return _unreachable(told(said["where"]), said["why"], tried[0])
    if tried[0] not in ("", "open") and _serves(evidence):
        return _unreachable("cluster.controlPlaneEndpoint, unlike on this machine itself,", tried[0], "")
    return None


def _serves(evidence: HostEvidence) -> bool:
    return evidence.find(r":6443\s.*kube-apiserver", "ports") is not None


def _unreachable(where: str, why: str, tried: str) -> Finding:
    if re.search(r"no route to host|administratively|host unreachable", f"{why} {tried}", re.IGNORECASE):
        return Finding(
            "KB-FIREWALL",
            f"{where} cannot be reached: no route to host, which is what a firewall that rejects says",
            "on the machine that answers there: `systemctl is-active firewalld ufw; iptables -S INPUT`; "
            "open 6443/tcp for "
            "the cluster's machines, see also `ip route get ADDRESS` here",
        )
    if re.search(
        r"no such host|server misbehaving|name or service not known|name resolution", why, re.IGNORECASE
    ):
        return Finding(
            "KB-ENDPOINT-DNS",
            f"the name in {where} does not resolve on this machine",
            "put it into the DNS, or into /etc/hosts of every machine; see `getent hosts NAME` and "
            "/etc/resolv.conf",
        )
    reason = re.search(_REASON, f"{why} {tried}", re.IGNORECASE)
    return Finding(
        "KB-ENDPOINT-UNREACHABLE",
        f"the API at {where} does not answer from this machine: {told(reason[0] if reason else why)}",
        "from here: `timeout 5 bash -c '</dev/tcp/HOST/6443' && echo open`; see that the API server runs "
        "there, that the "
        "load balancer leads to it, and that no firewall drops 6443/tcp",
    )


csr_pending = LogPattern(
    "KB-CSR-PENDING",
    # younger than two minutes, kubectl shows an age in seconds
    r"^(?P<name>\S+) +(?:\d+[mhdy])+\d*s? .*kubernetes\.io/kube-apiserver-client-kubelet .*(?<!\w)Pending\s*$",
    "kubelet's certificate request {name} waits for somebody to approve it",
    "`kubectl get csr`, and if it is one of your machines: `kubectl certificate approve {name}`; "
    "kube-controller-manager "
    "does so by itself where the bindings kubeadm:node-autoapprove-* are there",
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
