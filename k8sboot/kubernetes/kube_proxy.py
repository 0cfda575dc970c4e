"""kube-proxy: the mode in its ConfigMap, and the kernel modules that a mode requires."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from k8sboot.errors import Refused
from k8sboot.kubernetes.comparing import merged
from k8sboot.kubernetes.kernel import kernel_version
from k8sboot.kubernetes.release import Release
from k8sboot.kubernetes.yamltext import dump_documents, load_documents

CONFIG_KEY = "config.conf"
NFTABLES_KERNEL, OLDEST_NFT = (5, 13), (1, 0, 1)
NFTABLES_NEEDS = "kernel 5.13 or later and, where the host has nft, nft 1.0.1 or later"


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


def required_modules(release: Release, kernel_release: str, *, mode: str, scheduler: str) -> tuple[str, ...]:
    """Modules that kube-proxy's mode requires on this kernel (`uname -r`).

    nf_conntrack_ipv4 was merged into nf_conntrack in 4.19, and in the 4.18 of EL8. Where kube-proxy does not fall back
    to iptables, it fails without ip_set, too.
    Source: kubernetes 89327, pkg/proxy/ipvs.
    """
    if mode == "nftables":
        return ("nf_tables",)
    if mode != "ipvs":
        return ()
    separate = kernel_version(kernel_release) < (4, 19) and ".el8" not in kernel_release
    conntrack = "nf_conntrack_ipv4" if separate else "nf_conntrack"
    schedulers = dict.fromkeys(("rr", "wrr", "sh", scheduler))
    sets = ("ip_set",) if release.ipvs_without_modules == "fails" else ()
    return ("ip_vs", *(f"ip_vs_{name}" for name in schedulers), conntrack, *sets)


def possible_modules(release: Release, *, mode: str, scheduler: str) -> tuple[str, ...]:
    """Modules that kube-proxy's mode requires on any kernel, each once."""
    found = (required_modules(release, kernel, mode=mode, scheduler=scheduler) for kernel in ("5.0", "3.10"))
    return tuple(dict.fromkeys(name for names in found for name in names))


def nftables_misfit(kernel_release: str, nft: str) -> str:
    """Why the mode nftables is not for a host with this kernel and nft (`nft --version`, '' for none); '' if it is.

    kube-proxy has an nft of its own. An old one of the host spoils what it does not understand.
    Source: kubernetes 124152, and "NFTables mode for kube-proxy" (kubernetes.io, 2025-02-28).
    """
    if kernel_version(kernel_release) < NFTABLES_KERNEL:
        return f"its kernel is {kernel_release}"
    version = _nft_version(nft)
    return f"its nft is {_dotted(version)}" if version and version < OLDEST_NFT else ""


def nft_conflict(release: Release, nft: str) -> str:
    """The version of the host's nft whose tables crash kube-proxy's own nft; '' where it does not."""
    version, since = _nft_version(nft), _nft_version(f"v{release.nft_conflict}")
    return _dotted(version) if version and since and version >= since else ""


def _nft_version(text: str) -> tuple[int, ...]:
    found = re.search(r"v(\d{1,4})\.(\d{1,4})\.(\d{1,4})", text, re.ASCII)
    return tuple(map(int, found.groups())) if found else ()


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


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
