"""What a fake host says of the cluster that it belongs to, as scripts/membership.sh prints it."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from fake_state import FakeFile, HostState

from k8sboot.kubernetes.paths import ADMIN_CONF, KUBELET_CONF, KUBELET_FLAGS
from k8sboot.membership.distributions import BY_PATH
from k8sboot.membership.reading import PARTS, TEXTS
from k8sboot.paths import UNFINISHED


def membership(host: HostState) -> str:
    """Every line, and the end."""
    return "".join(f"{line}\n" for line in (*_parts(host), *_others(host), *_texts(host), "end"))


def _parts(host: HostState) -> Iterator[str]:
    if UNFINISHED in host.files:
        yield "unfinished"
    there = _there(tuple(host.files))
    for path in PARTS:
        if path in there:
            yield f"{'older' if path in host.older else 'there'} {path}"


def _others(host: HostState) -> Iterator[str]:
    there = _there(tuple(host.files))
    yield from (f"other {path}" for path in BY_PATH if path in there)


@functools.lru_cache(maxsize=256)
def _there(files: tuple[str, ...]) -> frozenset[str]:
    """All paths of a host, which mostly are those of the probe before."""
    return frozenset(above for path in files for above in _and_above(path))


@functools.cache
def _and_above(path: str) -> tuple[str, ...]:
    """A path and the directories above it."""
    return (path, *map(str, PurePosixPath(path).parents))


def _texts(host: HostState) -> Iterator[str]:
    for path in TEXTS:
        found = host.files.get(path)
        if isinstance(found, FakeFile):
            text = found.content.decode()
            lines = _kubeconfig(text) if path in (KUBELET_CONF, ADMIN_CONF) else text.splitlines()
            if path in KUBELET_FLAGS:
                lines = re.findall("--node-ip=[^ ]*", text)
            yield from (f"text {path} {line}" for line in lines)


def _kubeconfig(text: str) -> list[str]:
    """The lines of a kubeconfig that the script shows; of one that is none, nothing."""
    try:
        found: dict[str, Any] = json.loads(text)
    except ValueError:
        return []
    lines = [f"    {key}: {value}" for c in found.get("clusters", []) for key, value in c["cluster"].items()]
    return [*lines, *(f"- name: {user['name']}" for user in found.get("users", []))]
