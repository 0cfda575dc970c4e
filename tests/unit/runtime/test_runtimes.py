"""The seam for container runtimes: each is known by one file, and nothing else names one."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import get_args

from inventories import spec

import k8sboot
from k8sboot import runtime
from k8sboot.inventory.runtime_settings import RuntimeName, RuntimeSettings

PACKAGE = Path(k8sboot.__file__).parent
MAY_NAME_DOCKER = (
    "runtime/containerd.py",  # whose packages and images are Docker's, too
    "runtime/containerd_registries.py",
    "scripts/containerd-images.sh",
    "runtime/docker.py",
    "runtime/docker_settings.py",
    "runtime/docker_state.py",
    "runtime/__init__.py",  # the registry
    "inventory/",  # its words, lints and defaults
    "osfamily/",  # package repositories
    "diagnosis/causes/",
    "scripts/evidence-docker.sh",
    "scripts/docker-stop-pods.sh",
    "explain/",
    "kubernetes/interfaces.py",  # the bridge docker0
    "kubernetes/kubelet_socket.py",  # kubelet with dockershim
    "kubernetes/former_kubelet_flags.py",  # those of dockershim
    "kubernetes/release",  # which release works with which runtime
    "kubernetes/calico_releases.py",  # the registry docker.io
)


def test_every_runtime_that_an_inventory_may_name_is_there() -> None:
    names = get_args(RuntimeName)
    assert [each.name for each in runtime.RUNTIMES] == list(names)
    for name in names:
        asked = dataclasses.replace(spec(), runtime=RuntimeSettings(name=name))
        assert runtime.of(asked).name == name


def test_docker_is_named_behind_the_seam_alone() -> None:
    naming = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*")
        if path.suffix in (".py", ".sh", ".md", ".j2")
        and re.search("docker", path.read_text(), re.IGNORECASE)
    }
    assert "runtime/docker.py" in naming
    assert {name for name in naming if not name.startswith(MAY_NAME_DOCKER)} == set()
