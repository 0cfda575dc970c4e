"""Causes in the container runtime and in kubelet."""

from __future__ import annotations

from k8sboot.diagnosis.evidence import HostEvidence
from k8sboot.diagnosis.finding import Finding, told
from k8sboot.diagnosis.words import KUBELET, SAID, LogPattern, kubelet_fails


def _unit(evidence: HostEvidence, name: str) -> dict[str, str]:
    """A unit's properties in the section runtime-unit, where each unit's name goes before them."""
    _, _, rest = f"\n{evidence['runtime-unit']}\n".partition(f"\n{name}\n")
    lines = rest.splitlines()
    own = lines[: next((i for i, line in enumerate(lines) if "=" not in line), len(lines))]
    return {key: value for key, _, value in (line.partition("=") for line in own)}


daemon_json = LogPattern(
    "KB-DAEMON-JSON",
    r"unable to configure the Docker daemon with file (?P<file>\S+): (?P<why>.*)",
    "Docker does not start: it cannot use {file}: {why}",
    "see `journalctl -u docker -n 30`; `k8sboot phase container-runtime` writes the file anew; what else "
    "the file should "
    "hold and what the unit says on dockerd's command line must not contradict each other",
    (*SAID, "runtime-errors"),
    lambda evidence: _unit(evidence, "docker").get("ActiveState") != "active",
)


def runtime_down(evidence: HostEvidence) -> Finding | None:
    """Docker answers nobody now."""
    said = evidence.find(
        r"cannot connect to the docker daemon|container runtime is not running"
        r"|docker\.sock: connect: |containerd\.sock: connect: |failed to get docker version",
        *SAID, "docker-info", "containers", *KUBELET,
    )  # fmt: skip
    unit = _unit(evidence, "docker")
    if not said or unit.get("ActiveState") == "active":
        return None
    state = unit.get("ActiveState", "")
    last = evidence.find(r"level=(?:fatal|error) msg=\"?(.*)|^(failed to start daemon.*)", "runtime-errors")
    why = f"; its last words: {told(last[1] or last[2])}" if last else ""
    return Finding(
        "KB-RUNTIME-DOWN",
        f"the container runtime does not run{f': docker.service is {told(state)}' if state else ''}{why}",
        "`systemctl restart docker` and `journalctl -u docker -n 50 --no-pager`; when it stays up, run again",
    )


def runtime_hangs(evidence: HostEvidence) -> Finding | None:
    """Docker runs and answers nobody."""
    if not evidence.find("^docker info has no answer", "docker-info"):
        return None
    return Finding(
        "KB-RUNTIME-HANGS",
        "docker.service is active, and Docker answers nobody: `docker info` hangs",
        "`journalctl -u docker -n 50 --no-pager` and `dmesg | tail` on the host, then `systemctl restart docker` "
        "(it stops the containers there); when `docker info` answers, run again",
    )


cgroup_mismatch = LogPattern(
    "KB-CGROUP-MISMATCH",
    r'kubelet cgroup driver: \\*"(?P<kubelet>[^"\\]+)\\*" is different from docker cgroup driver: '
    r'\\*"(?P<docker>[^"\\]+)',
    "kubelet uses the cgroup driver {kubelet}, Docker {docker}",
    "`k8sboot phase container-runtime cgroup-driver` gives both systemd; by hand: "
    '"exec-opts": ["native.cgroupdriver=systemd"] in /etc/docker/daemon.json, `systemctl restart docker '
    "kubelet`",
    KUBELET,
    kubelet_fails,
)

cgroup_path = LogPattern(
    "KB-CGROUP-MISMATCH",
    r"expected cgroupsPath to be of format \\*\"slice:prefix:name\\*\" for systemd cgroups",
    "the runtime uses the cgroup driver systemd, kubelet cgroupfs",
    "set cgroupDriver: systemd in /var/lib/kubelet/config.yaml and `systemctl restart kubelet`",
    (*KUBELET, "events"),
)

kubelet_flag = LogPattern(
    "KB-KUBELET-FLAG",
    r"unknown (?:shorthand )?flag: (?P<flag>'?[\w-]+'?(?: in -\S+)?)",
    "kubelet does not start: this version has no flag {flag}",
    "take it out where it stands: `grep -rn -- KUBELET /var/lib/kubelet/kubeadm-flags.env "
    "/etc/default/kubelet "
    "/etc/sysconfig/kubelet /etc/systemd/system/kubelet.service.d`; then `systemctl restart kubelet` and "
    "run again",
    KUBELET,
    kubelet_fails,
)

kubelet_config = LogPattern(
    "KB-KUBELET-CONFIG",
    # that the file is not there is how every kubelet waits for kubeadm
    r"failed to load kubelet config file (?P<file>[^\s,]+),? (?!.*no such file)(?:error:? )?(?P<why>.*)",
    "kubelet does not start: it cannot read {file}: {why}",
    "mend kubeadm.kubeletConfiguration in the inventory, which goes into that file; see `journalctl -u "
    "kubelet -n 30`, "
    "then run again",
    KUBELET,
    kubelet_fails,
)

node_name = LogPattern(
    "KB-NODE-NAME",
    r'node \\*"(?P<own>[^"\\]+)\\*" is not allowed to modify node \\*"(?P<other>[^"\\]+)',
    "kubelet has the certificate of the node {own} and calls itself {other}",
    "set the host name back, `hostnamectl set-hostname {own}`, and take --hostname-override out; or "
    "`k8sboot reset "
    "--limit HOST` and join it anew",
    KUBELET,
)


_FATAL = r"^F\d{4} [^\]]*\] (?!.*no such file)(?P<a>.*)|\"Failed to run kubelet\" err=\"(?P<b>.*)\"$"


def kubelet_down(evidence: HostEvidence) -> Finding | None:
    """A kubelet that should run and does not: its own last words."""
    state = evidence.find(r"^ActiveState=(\S+)", "kubelet-unit")
    fatal = evidence.find(_FATAL, *KUBELET) if kubelet_fails(evidence) else None
    is_wanted = evidence.find(r" kubelet\.conf$", "kubernetes-files") is not None
    if not state or (not fatal and (state[1] == "active" or not is_wanted)):
        return None
    words = f": {told(fatal['a'] or fatal['b'])}" if fatal else ""
    return Finding(
        "KB-KUBELET-DOWN",
        f"kubelet does not run ({told(state[1])}){words}",
        "`systemctl restart kubelet`, then `journalctl -u kubelet -n 50 --no-pager`",
    )


RUNTIME = (
    daemon_json,
    runtime_down,
    runtime_hangs,
    cgroup_mismatch,
    cgroup_path,
    kubelet_flag,
    kubelet_config,
    node_name,
)
