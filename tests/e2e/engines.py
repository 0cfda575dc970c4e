"""What the tests of a whole cluster ask of a container runtime, in the words of its own tools."""

from __future__ import annotations

from dataclasses import dataclass

from on_lab import Lab


@dataclass(frozen=True)
class Engine:
    """A container runtime on the lab's hosts. pull: how a plan shows that it fetches an image."""

    name: str
    pull: str
    cgroup_driver: tuple[str, ...]
    containers: tuple[str, ...]

    def has_systemd_cgroups(self, lab: Lab, host: str) -> bool:
        """Whether the daemon itself says that systemd makes its containers' control groups."""
        said = lab.ssh(host, *self.cgroup_driver)
        return said.strip() == "systemd" or "SystemdCgroup = true" in said

    def running(self, lab: Lab, host: str) -> str:
        """The names of the containers that run on a host."""
        return lab.ssh(host, *self.containers)


DOCKER = Engine(
    "docker",
    "docker pull",
    ("docker", "info", "-f", "{{.CgroupDriver}}"),
    ("docker", "ps", "--format", "{{.Names}}"),
)
CONTAINERD = Engine("containerd", "crictl", ("containerd", "config", "dump"), ("crictl", "ps", "-o", "table"))


def reported(lab: Lab) -> set[str]:
    """The runtimes that the nodes report, without their versions."""
    said = lab.kubectl("get", "nodes", "-o", "jsonpath={.items[*].status.nodeInfo.containerRuntimeVersion}")
    return {each.partition("://")[0] for each in said.split()}
