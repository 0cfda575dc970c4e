"""Causes in images: the pause image, and all others that cannot be pulled."""

from __future__ import annotations

import re
import shlex

from k8sboot.diagnosis.causes.programs import Program, program_of
from k8sboot.diagnosis.evidence import OUTPUT, HostEvidence
from k8sboot.diagnosis.finding import Finding, cure, excerpt
from k8sboot.diagnosis.words import KUBELET, STEP_OUTPUT

_SANDBOX = r"(?:failed pulling|failed to get sandbox) image \\*\"(?P<image>[^\"\\]+)\\*\": (?P<why>.*)"
_NEW_SANDBOX = (
    r"(?:RunPodSandbox from runtime service failed|Failed to create pod sandbox:).{0,100}?desc = failed to pull image "
    r"\\*\"(?P<image>[^\"\\]+)\\*\": (?P<why>.*)"
)
"""Of containerd 2, which pulls it as any other."""
_PULL = r"failed to pull (?:and unpack )?image \\*\"?(?P<image>[^\"\\\s]+?)\\*\"?: (?:output: )?(?P<why>.*)"
_DAEMON = (
    r"error response from daemon: (?P<why>.{0,400}(?:/v[12]/|manifest|pull|repository|registry|lookup).*)"
)
_IMAGE = r"(?:docker|crictl .{0,200}) pull (?:--quiet )?(\S+?)(?:[`'\"]|\s|$)"

# What a registry's answer, or none, means. Sources: distribution's error codes; Go's net and crypto/x509.
_REASONS = (
    (r"http response to https client", "KB-REGISTRY-TLS", "the registry uses plain HTTP, but HTTPS is "
                                                          "expected"),
    (r"x509: (?:certificate signed by unknown authority|cannot validate|certificate is valid for)",
     "KB-REGISTRY-TLS", "the registry's certificate is not trusted"),
    (r"toomanyrequests|rate limit", "KB-REGISTRY-LIMIT", "the registry's rate limit was reached"),
    (r"unauthorized|authentication required|no basic auth|may require 'docker login'|insufficient_scope",
     "KB-IMAGE-UNKNOWN", "the registry does not have it, or requires a login"),
    (r"manifest unknown|manifest for \S+ not found|not found|name unknown|invalid repository",
     "KB-IMAGE-UNKNOWN", "the registry does not have it"),
    (r"no such host|server misbehaving|name resolution|\blookup \S+ on \S+: ", "KB-REGISTRY-UNREACHABLE",
     "the registry's name does not resolve"),
    (r"refused|no route to host|timeout|deadline exceeded|unreachable|request canceled|EOF|reset by peer|proxyconnect",
     "KB-REGISTRY-UNREACHABLE", "the registry cannot be reached"),
)  # fmt: skip

_CURES = {
    "KB-REGISTRY-LIMIT": "set a mirror in {program.mirrors} and run `k8sboot phase "
    "container-runtime`, or set another cluster.imageRepository",
    "KB-IMAGE-UNKNOWN": "try `{program.pull} {image}` on the host; correct cluster.imageRepository, "
    "calico.imageRepository or cluster.kubernetesVersion in the inventory",
    "KB-REGISTRY-UNREACHABLE": "fix the host's connection to the registry (DNS, firewall, proxy) until "
    "`{program.pull} {image}` works there, or set another cluster.imageRepository "
    "or {program.mirrors}",
}


def sandbox_image(evidence: HostEvidence) -> Finding | None:
    """Without the pause image no Pod starts, and kubeadm does not report it."""
    found = _sandbox(evidence)
    if not found:
        return None
    image, program = excerpt(found["image"]), program_of(evidence)
    return Finding(
        "KB-IMAGE-SANDBOX",
        f"the pause image {image}, which every Pod needs, cannot be pulled: {_reason(found['why'])[1]} "
        f"({_essence(found['why'])})",
        program.pause.format(pull=program.pull, image=shlex.quote(image)),
    )


def _sandbox(evidence: HostEvidence) -> re.Match[str] | None:
    return next((m for p in (_SANDBOX, _NEW_SANDBOX) if (m := evidence.find(p, *KUBELET, "events"))), None)


def _is_sandbox(found: re.Match[str], evidence: HostEvidence) -> bool:
    """The pause image, which is told by itself."""
    sandbox = _sandbox(evidence)
    return sandbox is not None and found.groupdict().get("image") == sandbox["image"]


def image_pull(evidence: HostEvidence) -> Finding | None:
    """An image cannot be pulled, for a reason in the registry or on the way to it."""
    found = (
        evidence.find(_PULL, *STEP_OUTPUT)
        or evidence.find(_DAEMON, *STEP_OUTPUT)
        or evidence.find(_PULL, "events", *KUBELET)
    )
    if not found or _is_sandbox(found, evidence):
        return None
    code, meaning = _reason(found["why"])
    if not code:
        return None
    image = found.groupdict().get("image") or _pulled(evidence)
    way = _way(code, program_of(evidence), excerpt(image) or "IMAGE")
    return Finding(
        code, f"{excerpt(image) or 'an image'} cannot be pulled: {meaning} ({_essence(found['why'])})", way
    )


def _way(code: str, program: Program, image: str) -> str:
    if code == "KB-REGISTRY-TLS":
        return program.trust
    template = (
        _CURES[code].replace("{program.pull}", program.pull).replace("{program.mirrors}", program.mirrors)
    )
    return cure(template, {"image": image})


def meaning_of(why: str) -> str:
    """What a registry's answer, or none, means, with its essence; '' for what is not known."""
    meaning = _reason(why)[1]
    return f"{meaning} ({_essence(why)})" if meaning else ""


def _pulled(evidence: HostEvidence) -> str:
    found = evidence.find(_IMAGE, OUTPUT)
    return found[1] if found else ""


def _reason(why: str) -> tuple[str, str]:
    for pattern, code, meaning in _REASONS:
        if re.search(pattern, why, re.IGNORECASE):
            return code, meaning
    return "", "the runtime reports"


def _essence(why: str) -> str:
    """The end of Go's chain of wrapped errors, which holds the reason, without quoting."""
    plain = excerpt(why, 4000).replace("\\", "").rstrip("\"' ,")
    plain = re.sub(r"^(?:rpc error: code = \w+ desc = )?(?:Error response from daemon: )?", "", plain)
    plain = re.sub(r",? error: exit status \d+$|\"+ (?:pod|podUID|image|containerName)=.*", "", plain)
    return excerpt(plain)


IMAGES = (sandbox_image, image_pull)
