"""kube-proxy: the mode in its ConfigMap, and the kernel modules that a mode requires."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from k8sboot.errors import Refused
from k8sboot.kubernetes.comparing import merged
from k8sboot.kubernetes.kernel import kernel_version
from k8sboot.kubernetes.yamltext import dump_documents, load_documents

CONFIG_KEY = "config.conf"


def set_config(config_map: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """The ConfigMap kube-proxy with those fields in its configuration, as JSON; '' if it has them already.

    resourceVersion stays, so that `kubectl replace` refuses to overwrite a change made in between. Raises Refused if it
    holds no configuration.
    """
    config = _config(config_map)
    changed = merged(config, wanted)
    if changed == config:
        return ""
    found = {**config_map, "data": {**config_map["data"], CONFIG_KEY: dump_documents([changed])}}
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


def _config(config_map: Mapping[str, Any]) -> dict[str, Any]:
    data = config_map.get("data")
    text = data.get(CONFIG_KEY) if isinstance(data, Mapping) else None
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
