"""The container runtime with which the kubelet of a member works, from the files that kubeadm writes there. Pure."""

from __future__ import annotations

import re

from k8sboot.kubernetes.paths import KUBELET_FLAGS, KUBELET_INSTANCE_CONFIG

FILES = (KUBELET_FLAGS[0], KUBELET_INSTANCE_CONFIG)
DOCKERSHIM = "/var/run/dockershim.sock"
_ENDPOINT = re.compile(r"--container-runtime-endpoint[= ]([^\s\"']+)")
_INSTANCE = re.compile(r"(?m)^containerRuntimeEndpoint:\s*[\"']?([^\"'\s]+)")


def socket_of(flags: str, instance_config: str) -> str:
    """The endpoint; kubelet has dockershim where its flags name the network's plugin alone. '' if it is not known."""
    found = _INSTANCE.search(instance_config) or _ENDPOINT.search(flags)
    if found:
        return found[1]
    return DOCKERSHIM if "--network-plugin" in flags else ""


def is_same(one: str, other: str) -> bool:
    """Whether two endpoints are one socket: with or without unix://, and /var/run is /run."""
    return _path(one) == _path(other)


def _path(endpoint: str) -> str:
    return re.sub(r"^/var/run/", "/run/", endpoint.removeprefix("unix://"))
