"""Causes in the container runtime and in kubelet."""

from __future__ import annotations

from k8sboot.diagnosis.causes.programs import has_containerd, program_of
from k8sboot.diagnosis.evidence import HostEvidence
from k8sboot.diagnosis.finding import Finding, excerpt
from k8sboot.diagnosis.words import KUBELET, STEP_OUTPUT, LogPattern, kubelet_fails


def unit(evidence: HostEvidence, name: str) -> dict[str, str]:
    """A unit's properties in the section runtime-unit, where a line with each unit's name precedes them."""
    _, _, rest = f"\n{evidence['runtime-unit']}\n".partition(f"\n{name}\n")
    lines = rest.splitlines()
    own = lines[: next((i for i, line in enumerate(lines) if "=" not in line), len(lines))]
    return {key: value for key, _, value in (line.partition("=") for line in own)}


def _docker_is_down(evidence: HostEvidence) -> bool:
    return not has_containerd(evidence) and unit(evidence, "docker").get("ActiveState") != "active"


daemon_json = LogPattern(
    "KB-DAEMON-JSON",
    r"unable to configure the Docker daemon with file (?P<file>\S+): (?P<why>.*)",
    "Docker does not start because it cannot use {file}: {why}",
    "run `k8sboot phase container-runtime`, which rewrites the file; remove settings that are both in the "
    "file and on dockerd's command line in the unit; see `journalctl -u docker -n 30`",
    (*STEP_OUTPUT, "runtime-errors"),
    lambda evidence: _docker_is_down(evidence),
)


runtime_flag = LogPattern(
    "KB-RUNTIME-DOWN",
    r"^(?:status: )?(?P<what>unknown (?:shorthand )?flag: [^\s,]+|invalid argument .* for \"?--\S+ flag.*)",
    "the container runtime is not running: {what}",
    "remove that flag from dockerd's command line: `systemctl cat docker` shows the file; then run `systemctl "
    "daemon-reload; systemctl restart docker` and run again",
    ("runtime-errors",),
    lambda evidence: _docker_is_down(evidence),
)


def runtime_down(evidence: HostEvidence) -> Finding | None:
    """The runtime does not answer because it is not running."""
    program = program_of(evidence)
    match = evidence.find(
        r"cannot connect to the docker daemon|container runtime is not running"
        r"|docker\.sock: connect: |containerd\.sock: connect: |failed to get docker version",
        *STEP_OUTPUT, "docker-info", "crictl-info", "containers", *KUBELET,
    )  # fmt: skip
    state = unit(evidence, program.unit).get("ActiveState", "")
    if not match or state == "active":
        return None
    last = evidence.find(
        r"level=(?:fatal|error) msg=\"?(.*)|^(failed to start daemon.*|containerd: .*)",
        "runtime-errors",
    )
    why = f"; last error: {excerpt(last[1] or last[2])}" if last else ""
    return Finding(
        "KB-RUNTIME-DOWN",
        f"the container runtime is not running{f': {program.unit}.service is {excerpt(state)}' if state else ''}{why}",
        f"run `systemctl restart {program.unit}` and read `journalctl -u {program.unit} -n 50 --no-pager`; once it "
        "stays active, run again",
    )


def runtime_hangs(evidence: HostEvidence) -> Finding | None:
    """The runtime runs but does not answer."""
    if not evidence.find("^(?:docker info|containerd) has no answer", "docker-info", "containerd-plugins"):
        return None
    program = program_of(evidence)
    return Finding(
        "KB-RUNTIME-HANGS",
        f"{program.unit}.service is active, but {program.name} does not answer: `{program.info}` hangs",
        f"check `journalctl -u {program.unit} -n 50 --no-pager` and `dmesg | tail` on the host, then run "
        f"`systemctl restart {program.unit}`{program.stops}; once `{program.info}` answers, run again",
    )


cgroup_mismatch = LogPattern(
    "KB-CGROUP-MISMATCH",
    r'kubelet cgroup driver: \\*"(?P<kubelet>[^"\\]+)\\*" is different from docker cgroup driver: '
    r'\\*"(?P<docker>[^"\\]+)',
    "kubelet uses the cgroup driver {kubelet}, Docker {docker}",
    "run `k8sboot phase container-runtime cgroup-driver`, which sets both to systemd; by hand, set "
    '"exec-opts": ["native.cgroupdriver=systemd"] in /etc/docker/daemon.json, then run `systemctl restart '
    "docker kubelet`",
    KUBELET,
    kubelet_fails,
)


def drivers_differ(evidence: HostEvidence) -> Finding | None:
    """What the phase cgroup-driver has found. From 1.34 on kubelet runs with containerd's driver all the same."""
    found = evidence.find(r"kubelet has (\w+) in (/\S+), (\w+) has (\w*)", *STEP_OUTPUT)
    if not found:
        return None
    kubelet, file, other, driver = map(excerpt, found.groups())
    way = "run `k8sboot phase container-runtime cgroup-driver`, which sets both to systemd"
    if kubelet != "systemd":
        way = f"set cgroupDriver: systemd in {file}, run `systemctl restart kubelet`, then run again"
    return Finding(
        "KB-CGROUP-MISMATCH",
        f"kubelet has the cgroup driver {kubelet} in {file}, {other} {driver or 'does not tell its own'}",
        way,
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
    "remove the flag: find it with `grep -rn -- KUBELET /var/lib/kubelet/kubeadm-flags.env "
    "/etc/default/kubelet /etc/sysconfig/kubelet /etc/systemd/system/kubelet.service.d`; then run "
    "`systemctl restart kubelet` and run again",
    KUBELET,
    kubelet_fails,
)

kubelet_config = LogPattern(
    "KB-KUBELET-CONFIG",
    # that the file is not there is how every kubelet waits for kubeadm
    r"failed to load kubelet config file (?P<file>[^\s,]+),? (?!.*no such file)(?:error:? )?(?P<why>.*)",
    "kubelet does not start: it cannot read {file}: {why}",
    "correct kubeadm.kubeletConfiguration in the inventory, which is written to that file, then run "
    "again; see `journalctl -u kubelet -n 30`",
    KUBELET,
    kubelet_fails,
)

node_name = LogPattern(
    "KB-NODE-NAME",
    r'node \\*"(?P<own>[^"\\]+)\\*" is not allowed to modify node \\*"(?P<other>[^"\\]+)',
    "kubelet has the certificate of the node {own} but registers as {other}",
    "restore the host name with `hostnamectl set-hostname {own}` and remove --hostname-override; or run "
    "`k8sboot reset --limit HOST`, then join it again",
    KUBELET,
)


_FATAL = r"^F\d{4} [^\]]*\] (?!.*no such file)(?P<a>.*)|\"Failed to run kubelet\" err=\"(?P<b>.*)\"$"


def kubelet_down(evidence: HostEvidence) -> Finding | None:
    """kubelet should be running but is not: its last log lines."""
    state = evidence.find(r"^ActiveState=(\S+)", "kubelet-unit")
    fatal = evidence.find(_FATAL, *KUBELET) if kubelet_fails(evidence) else None
    is_wanted = evidence.find(r" kubelet\.conf$", "kubernetes-files") is not None
    if not state or (not fatal and (state[1] == "active" or not is_wanted)):
        return None
    words = f": {excerpt(fatal['a'] or fatal['b'])}" if fatal else ""
    return Finding(
        "KB-KUBELET-DOWN",
        f"kubelet is not running ({excerpt(state[1])}){words}",
        "run `systemctl restart kubelet`, then read `journalctl -u kubelet -n 50 --no-pager`",
    )


RUNTIME = (daemon_json, runtime_flag, runtime_down, runtime_hangs)

KUBELET_CAUSES = (
    cgroup_mismatch,
    cgroup_path,
    kubelet_flag,
    kubelet_config,
    node_name,
)
