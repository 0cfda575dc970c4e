"""What labels, taints and flags of nodes may look like: forms as in forms.py."""

from __future__ import annotations

import re

from k8sboot.inventory.forms import FormError

EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_PREFIX = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")
_RESERVED = re.compile(r"(?:.+\.)?(?:kubernetes|k8s)\.io")
_ALLOWED = re.compile(
    r"(?:[^/]+\.)?(?:kubelet|node|node-role|node-restriction)\.kubernetes\.io/[^/]+"
    r"|(?:topology|failure-domain\.beta)\.kubernetes\.io/(?:region|zone)|beta\.kubernetes\.io/instance-type"
)
"""Of the reserved namespaces, what kubelet or an administrator may set; kubelet would refuse to start with others."""
_ROLES = ("node-role.kubernetes.io/master", "node-role.kubernetes.io/control-plane")
_OWNERS = {
    **dict.fromkeys(("node-ip", "hostname-override"), "k8sboot sets it from the host's entry"),
    "node-labels": "use `labels`, which also reaches nodes that have joined",
    "register-with-taints": "use `taints`, which also reaches nodes that have joined",
    "cgroup-driver": "k8sboot sets it to systemd",
    **dict.fromkeys(
        ("config", "kubeconfig", "bootstrap-kubeconfig", "container-runtime", "container-runtime-endpoint",
         "network-plugin"),
        "kubeadm sets it",
    ),
}  # fmt: skip


def label_key(text: str) -> str:
    """[PREFIX/]NAME, outside the namespaces of Kubernetes except for what may be set there."""
    _qualified(text)
    prefix = text.rpartition("/")[0]
    if text in _ROLES:
        raise FormError(
            "must be another label than kubeadm's own", "the role follows from `masters` and `nodes`"
        )
    if _RESERVED.fullmatch(prefix) and not _ALLOWED.fullmatch(text):
        fix = f"use a prefix of your own, for example `example.com/{text.rpartition('/')[2]}`"
        raise FormError(f"must be outside {prefix}, where kubelet refuses labels that it does not know", fix)
    return text


def label_value(text: str) -> str:
    """At most 63 letters, digits, `.`, `_` and `-`, or nothing."""
    if text and not _NAME.fullmatch(text):
        raise FormError("must be up to 63 letters, digits, `.`, `_` and `-`", 'for example `ssd`, or `""`')
    return text


def taint(text: str) -> str:
    """KEY[=VALUE]:EFFECT, in that form."""
    head, _, effect = text.rpartition(":")
    key, sign, value = head.partition("=")
    if effect not in EFFECTS or not key:
        wanted = f"must be KEY=VALUE:EFFECT with an effect of {', '.join(EFFECTS)}"
        raise FormError(wanted, "for example `gpu=true:NoSchedule`")
    _qualified(key)
    label_value(value)
    if key in _ROLES or key.startswith("node.kubernetes.io/"):
        raise FormError("must have another key than those of Kubernetes itself", "use a key of your own")
    return f"{key}={value}:{effect}" if sign and value else f"{key}:{effect}"


def kubelet_flag(text: str) -> str:
    """The name of a flag of kubelet, without dashes, that nothing else sets."""
    if not re.fullmatch(r"[a-z][a-z0-9-]*", text):
        near = text.lstrip("-").partition("=")[0]
        raise FormError("must be a flag's name without dashes", f"did you mean `{near}`?")
    if text in _OWNERS:
        raise FormError("must be a flag that nothing else sets", _OWNERS[text])
    return text


def flag_value(text: str) -> str:
    """One word: systemd splits kubelet's arguments at blanks."""
    if re.search(r"[\s'\"\\$]", text):
        raise FormError(
            "must be one word without blanks, quotes, `\\` and `$`", "use kubeadm.kubeletConfiguration"
        )
    return text


def _qualified(text: str) -> None:
    prefix, slash, name = text.rpartition("/")
    if not _NAME.fullmatch(name) or (slash and not (_PREFIX.fullmatch(prefix) and len(prefix) <= 253)):
        raise FormError("must be [PREFIX/]NAME", "for example `example.com/disk`, or `disk`")
