"""containerd, which kubelet asks through its CRI plugin."""

from __future__ import annotations

import re
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
from k8sboot.runtime.containerd_hosts_files import hosts_files, kept_files
from k8sboot.runtime.containerd_hosts_files import reads as hosts_reads
from k8sboot.runtime.containerd_registries import OURS, stale
from k8sboot.runtime.containerd_settings import config_toml, own_pause, pause_image
from k8sboot.runtime.containerd_state import (
    CGROUP_DRIVER,
    CONFIG,
    ENDPOINT,
    PACKAGED,
    UNIT,
    bystanders_of,
    problem_of,
)
from k8sboot.runtime.contract import Runtime
from k8sboot.templates import render
from k8sboot.text.sanitize import safe_line

STOP_TIMEOUT = 120
"""Seconds. A container that does not end within its grace period is killed."""
PULL_TIMEOUT = 900
"""Seconds for one image."""
LIMITS = runtime_limits(UNIT)
UNREAD = unread_settings({UNIT: (CONFIG,)})
"""Which of its files were edited since it started."""
CRICTL_YAML = "/etc/crictl.yaml"
DIGESTS = "{{.status.id}}{{range .status.repoDigests}} {{.}}{{end}}"
_UNITS = {"k": "Ki", "m": "Mi", "g": "Gi"}
"""Of sizes, as Kubernetes has them: its m is a thousandth."""
_CRICTL = ("crictl", "--timeout", "30s", "--runtime-endpoint", ENDPOINT, "--image-endpoint", ENDPOINT)


class Containerd(Runtime):
    """containerd of Docker's repository, or the system's own."""

    name = "containerd"
    unit = UNIT
    lower_units = ()
    programs: ClassVar[Mapping[str, str]] = {UNIT: "/usr/bin/containerd"}
    data_dir = "/var/lib/containerd"
    cgroup_driver = CGROUP_DRIVER
    keeps_containers = f"set KillMode=process for {UNIT}"
    stops_containers = False
    by_version = (CONFIG,)
    evidence_script = "evidence-containerd"
    evidence_sections = ("config-toml", "containerd-plugins", "crictl-info")

    def packages(self, spec: Spec) -> Mapping[str, str]:
        """The first is containerd itself; by default a version that fits Kubernetes."""
        names = spec.runtime.installed
        return {name: _version(spec) if name == names[0] else "" for name in names}

    def reads(self, spec: Spec) -> Reads:
        """What is usually read."""
        return Reads(
            files=(*records(CONFIG), LIMITS, CRICTL_YAML, *hosts_reads(spec)),
            packages=tuple(self.packages(spec)),
            units=(UNIT,),
            questions=(CGROUP_DRIVER, PACKAGED, OURS, UNREAD),
        )

    def files(self, spec: Spec, host: Peer, version: str = "") -> tuple[File, ...]:
        """config.toml in the form that this version reads, the registries, the unit's limits, and crictl's endpoint."""
        config = config_toml(spec, host, version, restarts=(UNIT,))
        limits = File(
            LIMITS, render("service-limits.conf.j2", open_files=spec.os.open_files), restarts=(UNIT,)
        )
        return *((config,) if version else ()), limits, *hosts_files(spec, host), *_crictl_yaml(host)

    def kept(self, spec: Spec, host: Peer) -> Iterator[tuple[str, str]]:
        """The operator's pause image, and their settings of registries."""
        if own := own_pause(spec, host):
            yield (
                "KB-PAUSE-KEPT",
                f"containerd keeps the pause image {safe_line(own)} of {CONFIG}, kubeadm's is {pause_image(spec)}; to "
                f"have that one, set `cluster: {{imageRepository: {spec.cluster.image_repository}}}`",
            )
        for path in kept_files(spec, host):
            yield (
                "KB-REGISTRY-KEPT",
                f"{path} was there before k8sboot: its settings stay, and those of `runtime.registries` are added",
            )

    def stale_files(self, spec: Spec, host: Peer) -> tuple[str, ...]:
        """Registries that the inventory does not have any longer."""
        return stale(spec, host)

    def bystanders(self, host: Peer) -> tuple[str, ...] | None:
        """None, unless its unit kills them: the package's has KillMode=process."""
        return bystanders_of(host)

    def problem(self, host: Peer) -> str:
        """Its CRI plugin must answer, and runc use the systemd cgroup driver."""
        return problem_of(host)

    def cri_socket(self, version: KubernetesVersion) -> str:
        """containerd's own."""
        return ENDPOINT

    def kubelet_settings(self, spec: Spec) -> Mapping[str, str | int]:
        """kubelet rotates logs. It accepts no fewer than two files, and its units are binary."""
        size = f"{spec.runtime.log_max_size[:-1]}{_UNITS[spec.runtime.log_max_size[-1]]}"
        return {"containerLogMaxFiles": max(2, spec.runtime.log_max_file), "containerLogMaxSize": size}

    def unsupported(self, version: KubernetesVersion) -> str:
        """Some containerd serves every kubelet; misfit() tells which does not."""
        return ""

    def misfit(self, version: KubernetesVersion, installed: str) -> str:
        """kubelet and containerd must speak the same CRI."""
        numbers = re.match(r"\d+(?:\.\d+)+", installed)
        return releases.containerd_misfit(version.release, numbers[0]) if numbers else ""

    def stop_pods(self, uids: Iterable[str]) -> Command:
        """crictl knows the UIDs of pods."""
        script = scripts.render("containerd-stop-pods", TIMEOUT=STOP_TIMEOUT, UNIT=UNIT, ENDPOINT=ENDPOINT)
        return ("/bin/sh", "-c", script, "stop-pods", *uids)

    def pull(self, image: str) -> Command:
        """crictl pull, which puts the image where kubelet looks for it."""
        return ("timeout", str(PULL_TIMEOUT), *_CRICTL, "pull", image)

    def present(self, images: Iterable[str]) -> Command:
        """All images, which crictl cannot filter by several names."""
        return ("/bin/sh", "-c", scripts.render("containerd-images", ENDPOINT=ENDPOINT), "images")

    def digests(self, images: Iterable[str]) -> Command:
        """crictl inspecti, image by image."""
        script = scripts.render("containerd-digests", ENDPOINT=ENDPOINT, TEMPLATE=DIGESTS)
        return ("/bin/sh", "-c", script, "digests", *images)


def _version(spec: Spec) -> str:
    """A prefix. Kubernetes that needs an older containerd than 2.0 gets the newest 1.x."""
    return spec.runtime.version or ("1" if spec.cluster.release.containerd_before == "2.0" else "")


def _crictl_yaml(host: Peer) -> tuple[File, ...]:
    """crictl's configuration; one that names containerd's socket stays."""
    text = host.read_file(CRICTL_YAML)
    names = dict(re.findall(r"(?m)^(runtime|image)-endpoint:\s*['\"]?([^'\"\s]+)", text or ""))
    if text is not None and names.get("runtime") == ENDPOINT and names.get("image", ENDPOINT) == ENDPOINT:
        return ()
    return (File(CRICTL_YAML, render("crictl.yaml.j2", endpoint=ENDPOINT)),)
