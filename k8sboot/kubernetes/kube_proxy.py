"""kube-proxy: the mode in its ConfigMap, and the kernel modules that a mode requires."""

from __future__ import annotations

import json
from typing import Any

from k8sboot.errors import Refused
from k8sboot.kubernetes.answers import read_object
from k8sboot.kubernetes.kernel import kernel_version
from k8sboot.kubernetes.yamltext import dump_documents, load_documents

CONFIG_KEY = "config.conf"


def set_mode(config_map: str, *, mode: str, scheduler: str, strict_arp: bool) -> str:
    """The ConfigMap kube-proxy (as printed by `kubectl get configmap -o json`) with that mode, as JSON.

    Returned unchanged if the mode is set already. resourceVersion stays, so that `kubectl replace` refuses to overwrite
    a change made in between. Raises Refused if it holds no configuration.
    """
    found = read_object(config_map, asked="the ConfigMap kube-proxy")
    config = _config(found)
    wanted = {**config, "mode": mode}
    if mode == "ipvs":
        known = config.get("ipvs")
        kept = known if isinstance(known, dict) else {}
        wanted["ipvs"] = {**kept, "scheduler": scheduler, "strictARP": strict_arp}
    if wanted == config:
        return config_map
    found["data"][CONFIG_KEY] = dump_documents([wanted])
    return json.dumps(found, ensure_ascii=False, indent=2) + "\n"


def required_modules(kernel_release: str, *, mode: str, scheduler: str) -> tuple[str, ...]:
    """Modules that kube-proxy's mode requires on this kernel (`uname -r`).

    nf_conntrack_ipv4 was merged into nf_conntrack in 4.19, and in the 4.18 of EL8.
    Source: kubernetes 89327, pkg/proxy/ipvs.
    """
    if mode != "ipvs":
        return ()
    separate = kernel_version(kernel_release) < (4, 19) and ".el8" not in kernel_release
    conntrack = "nf_conntrack_ipv4" if separate else "nf_conntrack"
    schedulers = dict.fromkeys(("rr", "wrr", "sh", scheduler))
    return ("ip_vs", *(f"ip_vs_{name}" for name in schedulers), conntrack)


def possible_modules(*, mode: str, scheduler: str) -> tuple[str, ...]:
    """Modules that kube-proxy's mode requires on any kernel, each once."""
    found = (required_modules(kernel, mode=mode, scheduler=scheduler) for kernel in ("5.0", "3.10"))
    return tuple(dict.fromkeys(name for names in found for name in names))


def _config(config_map: dict[str, Any]) -> dict[str, Any]:
    data = config_map.get("data")
    text = data.get(CONFIG_KEY) if isinstance(data, dict) else None
    if not isinstance(text, str):
        raise Refused(
            f"the ConfigMap kube-proxy has no {CONFIG_KEY}",
            why="it was not written by kubeadm",
            fix="check `kubectl -n kube-system get configmap kube-proxy -o yaml`, and set kube-proxy's "
            "mode there",
            code="KB-KUBE-PROXY",
        )
    documents = load_documents(text, f"{CONFIG_KEY} of the ConfigMap kube-proxy")
    if len(documents) != 1:
        raise Refused(f"{CONFIG_KEY} of kube-proxy is not one document", why=f"it holds {len(documents)}")
    return documents[0]
