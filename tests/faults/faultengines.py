"""The container runtime of the lab's hosts: what rows of the fault matrix call it, and where its settings are."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from faulthosts import FaultyHost


@dataclass(frozen=True)
class Engine:
    """A container runtime. program: its daemon. package: a name that the lab's mirrors alone have.

    hangs: how k8sboot says so. bad_flag: what the daemon says about an unknown flag.
    """

    name: str
    program: str
    package: str
    config: str
    hangs: str
    bad_flag: str

    @property
    def is_docker(self) -> bool:
        """Whether it is Docker."""
        return self.name == "docker"

    @property
    def unit(self) -> str:
        """Its systemd unit."""
        return f"{self.name}.service"

    @property
    def drop_ins(self) -> str:
        """The folder of what is added to its unit."""
        return f"/etc/systemd/system/{self.unit}.d"

    def started(self, host: FaultyHost) -> str:
        """When the daemon was started there."""
        return host.sh(f"systemctl show -p ActiveEnterTimestampMonotonic --value {self.unit}").strip()


DOCKER = Engine(
    "docker",
    "dockerd",
    "docker.io",
    "/etc/docker/daemon.json",
    "`docker info` hangs",
    "unknown flag: --storage-drivr",
)
CONTAINERD = Engine(
    "containerd",
    "containerd",
    "containerd.io",
    "/etc/containerd/config.toml",
    "`crictl info` hangs",
    "flag provided but not defined: -storage-drivr",
)


def of(kubernetes: str) -> Engine:
    """The runtime that the lab's inventory sets for a version of Kubernetes."""
    return DOCKER if kubernetes == "1.20" else CONTAINERD


def needs_docker(engine: Engine, why: str) -> None:
    """Skips the test where the condition does not exist."""
    if not engine.is_docker:
        pytest.skip(f"not with containerd: {why}")


def needs_containerd(engine: Engine) -> None:
    """Skips the test on a lab with Docker."""
    if engine.is_docker:
        pytest.skip("a lab with containerd: --kubernetes 1.37")
