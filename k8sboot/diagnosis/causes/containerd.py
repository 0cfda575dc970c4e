"""Causes in containerd, which serves kubelet through its CRI plugin, and in what it needs to start containers."""

from __future__ import annotations

from k8sboot.diagnosis.causes.programs import has_containerd
from k8sboot.diagnosis.causes.runtime import unit
from k8sboot.diagnosis.evidence import HostEvidence
from k8sboot.diagnosis.finding import Finding, excerpt
from k8sboot.diagnosis.words import KUBELET, STEP_OUTPUT, LogPattern

CONFIG = "/etc/containerd/config.toml"
_REWRITE = "run `k8sboot phase container-runtime`, which writes "
_NO_CRI = (
    r"unknown service runtime\.v1(?:alpha2)?\.\w+Service|its CRI plugin is (?!ok\b)|CRI v1 \w+ API is not"
)
_ABOUT_CRI = (*STEP_OUTPUT, "crictl-info", *KUBELET)
_OFF = r"^\s*disabled_plugins *=.*[\"'](?:cri|io\.containerd\.grpc\.v1\.cri)[\"']"


def _is_down(evidence: HostEvidence) -> bool:
    return has_containerd(evidence) and unit(evidence, "containerd").get("ActiveState") != "active"


config = LogPattern(
    "KB-CONTAINERD-CONFIG",
    (
        r"containerd: failed to (?:load|unmarshal) TOML(?: from \S+)?(?: at)?:? (?P<why>.*)",
        r"containerd: (?P<why>.*(?:invalid plugin config|unable to load config|config version).*)",
    ),
    f"containerd does not start because it cannot use {CONFIG} or a file that it imports: {{why}}",
    f"{_REWRITE}the file; settings of your own belong in runtime.config of the inventory; check with "
    "`containerd config dump`",
    ("runtime-errors", *STEP_OUTPUT),
    _is_down,
)

flag = LogPattern(
    "KB-RUNTIME-DOWN",
    r"^containerd: (?P<what>flag provided but not defined: [^\s,]+|invalid value .* for flag .*)",
    "the container runtime is not running: {what}",
    "remove that flag from containerd's command line: `systemctl cat containerd` shows the file; then run `systemctl "
    "daemon-reload; systemctl restart containerd` and run again",
    ("runtime-errors",),
    _is_down,
)

_OTHER_SNAPSHOTTER = (
    "run `ctr plugins ls` on the host to see which there are and why one is not; remove the key snapshotter from "
    f"runtime.config or {CONFIG} to get overlayfs, and put runtime.dataRoot on a file system that overlayfs works on; "
    "then run `k8sboot phase container-runtime` and run again"
)

snapshotter = LogPattern(
    "KB-SNAPSHOTTER",
    r"failed to (?:find|get|create) snapshotter \\*\"?(?P<name>[\w.-]+)",
    "containerd does not serve kubelet: it has no snapshotter {name}",
    _OTHER_SNAPSHOTTER,
    ("runtime-errors", *STEP_OUTPUT, *KUBELET, "events"),
    lambda evidence: has_containerd(evidence) and evidence.find(_NO_CRI, *_ABOUT_CRI) is not None,
)


def cri_missing(evidence: HostEvidence) -> Finding | None:
    """containerd runs, and its CRI plugin does not: it is disabled, too old for kubelet, or failed to load."""
    found = evidence.find(_NO_CRI, *_ABOUT_CRI)
    if not found or not has_containerd(evidence) or _is_down(evidence):
        return None
    way = f"{_REWRITE}{CONFIG} and restarts containerd; then run again"
    if imported := _disabled_by(evidence):
        way = f"remove it from disabled_plugins in {imported}, run `systemctl restart containerd`, then run again"
    return Finding(
        "KB-CRI-MISSING",
        f"containerd runs, but does not serve kubelet: {_why_no_cri(evidence, found[0])}",
        way,
    )


def _disabled_by(evidence: HostEvidence) -> str:
    """The file that config.toml imports and that disables the CRI plugin."""
    found = evidence.find(r"its CRI plugin is [\w -]{1,40}; (/[^\s;]{1,200}) disables it", *STEP_OUTPUT)
    return excerpt(found[1]) if found and found[1] != CONFIG else ""


def _why_no_cri(evidence: HostEvidence, said: str) -> str:
    if imported := _disabled_by(evidence):
        return f"{imported}, which {CONFIG} imports, disables its CRI plugin"
    if evidence.find(_OFF, "config-toml"):
        return f"disabled_plugins in {CONFIG} names its CRI plugin"
    failed = evidence.find(r"failed to load plugin.*", "runtime-errors")
    if failed and "cri" in failed[0]:
        return excerpt(failed[0])
    version = evidence.find(r"^containerd \S+ v?(\d+)\.(\d+)", "containerd-plugins")
    if version and "v1alpha2" in said and int(version[1]) >= 2:
        return f"this kubelet speaks CRI v1alpha2, which containerd {version[1]}.{version[2]} does not have"
    if version and "v1alpha2" not in said and (int(version[1]), int(version[2])) < (1, 6):
        return f"this kubelet speaks CRI v1, which containerd {version[1]}.{version[2]} does not have"
    return "its CRI plugin is not loaded"


cgroup_driver = LogPattern(
    "KB-CGROUP-MISMATCH",
    r"containerd runs runc with the cgroup driver (?P<driver>\w+)",
    f"containerd runs runc with the cgroup driver {{driver}}: {CONFIG} was not read, or a file that it imports "
    "overrides it",
    "look for it with `grep -rn -e SystemdCgroup -e imports /etc/containerd`, and for another configuration with "
    "`systemctl cat containerd`; remove what overrides it, run `systemctl restart containerd`, then run again",
)

snapshotter_of_pods = LogPattern(
    "KB-SNAPSHOTTER",
    (
        r"(?:could not find|failed to find) snapshotter \\*\"?(?P<name>[\w.-]+)\\*\"? plugin",
        r"snapshotter (?:not loaded: )?(?P<name>[\w.-]+)(?: was not found)?: (?:not found|invalid argument)",
    ),
    "containerd starts no container: it has no snapshotter {name}",
    _OTHER_SNAPSHOTTER,
    (*STEP_OUTPUT, *KUBELET, "events"),
    has_containerd,
)
"""containerd 2 loads its CRI plugin although a runtime's own snapshotter is not there."""

overlay = LogPattern(
    "KB-SNAPSHOTTER",
    r"failed to mount rootfs component\b.*: (?P<why>invalid argument|no such device)",
    "containerd starts no container: overlayfs does not work on the file system of its data ({why})",
    "run `dmesg | grep overlay` on the host, which says what the file system lacks; put runtime.dataRoot on ext4, or "
    "on XFS with ftype=1, then run `k8sboot phase container-runtime` and run again",
    (*STEP_OUTPUT, *KUBELET, "events"),
    has_containerd,
)
"""As kubeedge 5088 and k3s-ansible 53 report it: ZFS, another overlay, a kernel without overlay."""

runc = LogPattern(
    "KB-RUNC-MISSING",
    (
        r"exec: \\*\"(?P<program>runc)\\*\": executable file not found",
        r"runtime \\*\"io\.containerd\.runc\.v2\\*\" binary not installed \\*\"(?P<program>[\w.-]+)",
    ),
    "containerd starts no container: the program {program} is not installed, or not in containerd's PATH",
    "reinstall the package that it comes with: `apt-get install --reinstall containerd.io` or `yum reinstall "
    "containerd.io`, with the system's own containerd also the package runc; then run again",
    (*STEP_OUTPUT, *KUBELET, "events"),
    has_containerd,
)

cni_plugin = LogPattern(
    "KB-CNI-PLUGIN",
    r"failed to find plugin \\*\"(?P<plugin>[\w.-]+)\\*\" in path \[(?P<path>[^\]]{1,200})\]",
    "Pods get no network: the CNI plugin {plugin} is not in {path}, where containerd looks for it",
    "run `k8sboot phase container-runtime`, which sets that folder to /opt/cni/bin; if the plugin is not there, "
    "reinstall the package kubernetes-cni, or look with `kubectl -n kube-system get pods -o wide` why the network's "
    "DaemonSet has not installed it",
    (*KUBELET, "events"),
    has_containerd,
)


CONTAINERD = (config, flag, snapshotter, cri_missing, cgroup_driver)
"""Why containerd does not serve kubelet."""
OF_PODS = (runc, snapshotter_of_pods, overlay)
OF_NETWORK = (cni_plugin,)
