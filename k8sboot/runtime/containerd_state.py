"""What is asked of a running containerd, each with a timeout: one that hangs never answers."""

from __future__ import annotations

from k8sboot import scripts
from k8sboot.host.peer import Peer
from k8sboot.host.reads import Question

ANSWER_TIMEOUT = 20
"""Seconds. containerd normally answers in tenths of one."""
TIMED_OUT = 124
"""Exit status of coreutils' timeout when it has stopped the command."""
UNIT = "containerd.service"
CONFIG = "/etc/containerd/config.toml"
SOCKET = "/run/containerd/containerd.sock"
ENDPOINT = f"unix://{SOCKET}"
DEFAULT_ROOT = "/var/lib/containerd"

CGROUP_DRIVER = Question(
    "cgroup-driver",
    scripts.render("containerd-cgroup-driver", TIMEOUT=ANSWER_TIMEOUT, UNIT=UNIT, ENDPOINT=ENDPOINT),
)
"""The driver of the runtime runc in the running containerd; nothing if that does not serve kubelet."""
PACKAGED = Question(
    "containerd-config-is-the-packages", scripts.render("containerd-packaged", FILE=CONFIG), shares=True
)
"""`yes` where config.toml is as its package brought it."""
_BYSTANDERS = Question(
    "runtime-bystanders", scripts.render("containerd-bystanders", TIMEOUT=ANSWER_TIMEOUT, UNIT=UNIT)
)
_PLUGIN = Question(
    "containerd-cri-plugin",
    f'timeout {ANSWER_TIMEOUT} ctr plugins ls | awk \'$1 == "io.containerd.grpc.v1" && $2 == "cri" {{print $NF}}\'',
)
_DISABLED = Question("containerd-cri-disabled", scripts.render("containerd-cri-disabled", FILE=CONFIG))


def problem_of(host: Peer) -> str:
    """Why kubelet cannot use the running containerd; '' if it can."""
    answer = host.answer(CGROUP_DRIVER)
    driver = answer.text.strip()
    if answer.exit_status == TIMED_OUT:
        return f"containerd has not answered within {ANSWER_TIMEOUT} s"
    if driver == "systemd":
        return ""
    if driver:
        return f"containerd runs runc with the cgroup driver {driver}; see {CONFIG} and its `imports`"
    state = host.answer(_PLUGIN).text.strip() or "not loaded"
    file = host.answer(_DISABLED).text.strip()
    why = f"{file} disables it" if file else f"see {CONFIG} and `journalctl -u containerd -n 50`"
    return f"its CRI plugin is {state}; {why}"


def bystanders_of(host: Peer) -> tuple[str, ...] | None:
    """The running containers of others that a restart stops, as NAMESPACE/NAME; None if containerd hangs."""
    answer = host.answer(_BYSTANDERS)
    return None if answer.exit_status == TIMED_OUT else tuple(answer.text.split())


def data_elsewhere(host: Peer, configured: str, wanted: str) -> str:
    """The folder other than the wanted one in which containerd has images or containers; '' for none."""
    answer = host.answer(_data(configured or DEFAULT_ROOT))
    root, _, count = answer.text.strip().partition("\n")
    return root if root != wanted and count.strip() not in ("", "0") else ""


def _data(root: str) -> Question:
    """Prints the folder and how many things are in it."""
    return Question(
        "containerd-data", scripts.render("containerd-data", TIMEOUT=ANSWER_TIMEOUT, UNIT=UNIT, ROOT=root)
    )
