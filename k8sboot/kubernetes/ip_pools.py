"""Calico's IP pools, from kubectl's JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from k8sboot.kubernetes.answers import at, read_items, text_at

MODES = {"ipip": ("Always", "Never"), "vxlan": ("Never", "Always"), "none": ("Never", "Never")}
"""ipipMode and vxlanMode of an encapsulation."""


@dataclass(frozen=True)
class Pool:
    """An IPv4 pool. encapsulation: ipip, vxlan or none; for all traffic, or between subnets only."""

    name: str
    encapsulation: str


def pools(text: str) -> tuple[Pool, ...]:
    """The IPv4 pools that are not disabled. Raises BadAnswer."""
    items = read_items(text, asked="Calico's pools") if text.strip() else []
    used = [i for i in items if ":" not in text_at(i, "spec", "cidr") and not at(i, "spec", "disabled")]
    return tuple(Pool(text_at(item, "metadata", "name"), _encapsulation(item)) for item in used)


def _encapsulation(item: Mapping[str, Any]) -> str:
    for word, key in (("vxlan", "vxlanMode"), ("ipip", "ipipMode")):
        if text_at(item, "spec", key) not in ("", "Never"):
            return word
    return "none"
