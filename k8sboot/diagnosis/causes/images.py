"""Causes in images: the pause image, and every other that does not come."""

from __future__ import annotations

import re

from k8sboot.diagnosis.evidence import OUTPUT, HostEvidence
from k8sboot.diagnosis.finding import Finding, told
from k8sboot.diagnosis.words import KUBELET, SAID

_SANDBOX = r"(?:failed pulling|failed to get sandbox) image \\*\"(?P<image>[^\"\\]+)\\*\": (?P<why>.*)"
_PULL = r"failed to pull (?:and unpack )?image \\*\"?(?P<image>[^\"\\\s]+?)\\*\"?: (?:output: )?(?P<why>.*)"
_DAEMON = r"error response from daemon: (?P<why>.*(?:/v[12]/|manifest|pull|repository|registry|lookup).*)"
_IMAGE = r"docker pull (?:--quiet )?(\S+?)(?:[`'\"]|\s|$)"

# What a registry's answer, or none, means. Sources: distribution's error codes; Go's net and crypto/x509.
_REASONS = (
    (r"http response to https client", "KB-REGISTRY-TLS", "the registry speaks plain HTTP, where HTTPS is asked for"),
    (r"x509: (?:certificate signed by unknown authority|cannot validate|certificate is valid for)",
     "KB-REGISTRY-TLS", "the registry's certificate is not trusted"),
    (r"toomanyrequests|rate limit", "KB-REGISTRY-LIMIT", "the registry lets nobody pull so much"),
    (r"unauthorized|authentication required|no basic auth|may require 'docker login'|insufficient_scope",
     "KB-IMAGE-UNKNOWN", "the registry does not have it, or not for everybody"),
    (r"manifest unknown|manifest for \S+ not found|not found|name unknown|invalid repository",
     "KB-IMAGE-UNKNOWN", "the registry does not have it"),
    (r"no such host|server misbehaving|name resolution|\blookup \S+ on \S+: ", "KB-REGISTRY-UNREACHABLE",
     "the registry's name does not resolve"),
    (r"refused|no route to host|timeout|deadline exceeded|unreachable|request canceled|EOF|reset by peer|proxyconnect",
     "KB-REGISTRY-UNREACHABLE", "the registry cannot be reached"),
)  # fmt: skip

_CURES = {
    "KB-REGISTRY-TLS": "add its HOST:PORT to runtime.insecureRegistries in the inventory and run `k8sboot "
    "phase "
    "container-runtime`, or put its CA into /etc/docker/certs.d/HOST:PORT/ca.crt",
    "KB-REGISTRY-LIMIT": "name a mirror in runtime.registryMirrors and run `k8sboot phase container-runtime`, or "
    "name another cluster.imageRepository",
    "KB-IMAGE-UNKNOWN": "look for it with `docker pull {image}`; the repository is cluster.imageRepository "
    "or "
    "calico.imageRepository in the inventory, the version cluster.kubernetesVersion",
    "KB-REGISTRY-UNREACHABLE": "on the host: `docker pull {image}`; mend the way there (DNS, firewall, "
    "proxy), or name "
    "another cluster.imageRepository or runtime.registryMirrors",
}


def sandbox_image(evidence: HostEvidence) -> Finding | None:
    """Without the pause image no pod at all starts, and kubeadm says nothing of it."""
    found = evidence.find(_SANDBOX, *KUBELET, "events")
    if not found:
        return None
    image = told(found["image"])
    return Finding(
        "KB-IMAGE-SANDBOX",
        f"the pause image {image}, without which no pod starts, cannot be pulled: {_reason(found['why'])[1]} "
        f"({_essence(found['why'])})",
        f"make `docker pull {image}` work on the host, or name the right one: cluster.imageRepository in "
        f"the inventory; "
        "kubelet has it from --pod-infra-container-image, see `grep -r pod-infra "
        "/var/lib/kubelet/kubeadm-flags.env "
        "/etc/default/kubelet /etc/sysconfig/kubelet`",
    )


def image_pull(evidence: HostEvidence) -> Finding | None:
    """An image that does not come, for a reason that its registry, or the way there, gives."""
    found = (
        evidence.find(_PULL, *SAID)
        or evidence.find(_DAEMON, *SAID)
        or evidence.find(_PULL, "events", *KUBELET)
    )
    if not found:
        return None
    code, meaning = _reason(found["why"])
    if not code:
        return None
    image = found.groupdict().get("image") or _pulled(evidence)
    cure = _CURES[code].format(image=told(image) or "IMAGE")
    return Finding(
        code, f"{told(image) or 'an image'} cannot be pulled: {meaning} ({_essence(found['why'])})", cure
    )


def _pulled(evidence: HostEvidence) -> str:
    found = evidence.find(_IMAGE, OUTPUT)
    return found[1] if found else ""


def _reason(why: str) -> tuple[str, str]:
    for pattern, code, meaning in _REASONS:
        if re.search(pattern, why, re.IGNORECASE):
            return code, meaning
    return "", "the runtime says why"


def _essence(why: str) -> str:
    """The end of Go's chain of errors, where the reason stands, without what quotes it."""
    plain = told(why, 4000).replace("\\", "").rstrip("\"' ,")
    plain = re.sub(r"^(?:rpc error: code = \w+ desc = )?(?:Error response from daemon: )?", "", plain)
    plain = re.sub(r",? error: exit status \d+$", "", plain)
    return told(plain)


IMAGES = (sandbox_image, image_pull)
