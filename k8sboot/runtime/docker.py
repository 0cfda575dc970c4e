"""Docker Engine, through kubelet's dockershim, which exists up to Kubernetes 1.23."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar

from k8sboot import scripts
from k8sboot.host.files import File
from k8sboot.host.peer import Command, Peer
from k8sboot.host.reads import Reads
from k8sboot.host.shared_file import records
from k8sboot.host.unread_settings import unread_settings
from k8sboot.inventory.model import Spec
from k8sboot.kubernetes import releases
from k8sboot.kubernetes.versions import KubernetesVersion
from k8sboot.paths import runtime_limits
from k8sboot.runtime.contract import Runtime
from k8sboot.runtime.docker_settings import DAEMON_JSON, daemon_json
from k8sboot.runtime.docker_state import ANSWER_TIMEOUT, BYSTANDERS, CGROUP_DRIVER, TIMED_OUT, UNIT
from k8sboot.templates import render

STOP_TIMEOUT = 120
"""Seconds. A container that does not end within 10 is killed."""
VERSION = "20.10"
"""Where the inventory names none."""
DIGESTS = '{{.Id}}{{range .RepoDigests}} {{index (split . "@") 1}}{{end}}'
LIMITS = runtime_limits(UNIT)
LOWER = "containerd.service"
UNREAD = unread_settings({UNIT: (DAEMON_JSON,), LOWER: ("/etc/containerd/config.toml",)})
"""Which of their files were edited since they started."""


class Docker(Runtime):
    """Docker Engine, and the containerd that it uses."""

    name = "docker"
    unit = UNIT
    lower_units = (LOWER,)
    programs: ClassVar[Mapping[str, str]] = {UNIT: "/usr/bin/dockerd", LOWER: "/usr/bin/containerd"}
    data_dir = "/var/lib/docker"
    cgroup_driver = CGROUP_DRIVER
    keeps_containers = f'set `"live-restore": true` in {DAEMON_JSON} and run `systemctl reload docker`'
    stops_containers = True
    by_version = ()
    evidence_script = "evidence-docker"
    evidence_sections = ("daemon-json", "docker-info")

    def packages(self, spec: Spec) -> Mapping[str, str]:
        """The first is the engine; packages named after it (docker-ce-cli) have its version."""
        names, version = spec.runtime.installed, spec.runtime.version or VERSION
        engine = names[0]
        return {name: version if name == engine or name.startswith(f"{engine}-") else "" for name in names}

    def reads(self, spec: Spec) -> Reads:
        """What is usually read; what only a change asks about is read when it is due."""
        return Reads(
            files=(*records(DAEMON_JSON), LIMITS),
            packages=tuple(self.packages(spec)),
            units=(UNIT, *self.lower_units),
            questions=(CGROUP_DRIVER, UNREAD),
        )

    def files(self, spec: Spec, host: Peer, version: str = "") -> tuple[File, ...]:
        """daemon.json, with the systemd cgroup driver from the first start on, and the unit's limits."""
        limits = render("service-limits.conf.j2", open_files=spec.os.open_files)
        return daemon_json(spec, host, restarts=(UNIT,)), File(LIMITS, limits, restarts=(UNIT,))

    def kept(self, spec: Spec, host: Peer) -> Iterable[tuple[str, str]]:
        """Nothing: a contradiction is refused."""
        return ()

    def stale_files(self, spec: Spec, host: Peer) -> tuple[str, ...]:
        """None: all of Docker's settings are in one file."""
        return ()

    def bystanders(self, host: Peer) -> tuple[str, ...] | None:
        """Containers that Docker runs by itself; none of them stops if live-restore is in force."""
        answer = host.answer(BYSTANDERS)
        return None if answer.exit_status == TIMED_OUT else tuple(answer.text.split())

    def problem(self, host: Peer) -> str:
        """Docker must answer, and use the systemd cgroup driver."""
        answer = host.answer(CGROUP_DRIVER)
        if answer.exit_status == TIMED_OUT:
            return f"`docker info` has not answered within {ANSWER_TIMEOUT} s"
        driver = answer.text.strip()
        return "" if driver == "systemd" else f"docker info reports {driver or 'nothing'}; see {DAEMON_JSON}"

    def cri_socket(self, version: KubernetesVersion) -> str:
        """dockershim's, without unix://: kubeadm up to 1.23 recognizes Docker by the exact text.

        Source: kubernetes/website container-runtimes.md.
        """
        if version.release.has_dockershim:
            return "/var/run/dockershim.sock"
        return "unix:///run/cri-dockerd.sock"

    def kubelet_settings(self, spec: Spec) -> Mapping[str, str | int]:
        """None: Docker rotates logs itself."""
        return {}

    def unsupported(self, version: KubernetesVersion) -> str:
        """kubelet needs dockershim."""
        misfit = releases.docker_misfit(version.release)
        return f"Kubernetes {version} cannot use Docker: {misfit}" if misfit else ""

    def misfit(self, version: KubernetesVersion, installed: str) -> str:
        """Every version of Docker serves dockershim."""
        return ""

    def stop_pods(self, uids: Iterable[str]) -> Command:
        """Docker's names of containers hold the UIDs of their pods."""
        return ("/bin/sh", "-c", scripts.render("docker-stop-pods", TIMEOUT=STOP_TIMEOUT), "stop-pods", *uids)

    def pull(self, image: str) -> Command:
        """docker pull."""
        return ("docker", "pull", "--quiet", image)

    def present(self, images: Iterable[str]) -> Command:
        """docker image ls, which does not fail for a missing image."""
        return ("docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", *_filters(images))

    def digests(self, images: Iterable[str]) -> Command:
        """docker image inspect. An image that was built or loaded here has none."""
        return ("docker", "image", "inspect", "--format", DIGESTS, *images)


def _filters(images: Iterable[str]) -> Iterator[str]:
    for image in images:
        yield from ("--filter", f"reference={image}")
