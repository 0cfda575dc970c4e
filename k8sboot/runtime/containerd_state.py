"""What is asked of a running containerd, each with a timeout: one that hangs never answers."""

from __future__ import annotations

import shlex

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
PACKAGED = Question("containerd-config-is-the-packages", scripts.render("containerd-packaged", FILE=CONFIG))
"""`yes` where config.toml is as its package brought it."""
_PLUGIN = Question(
    "containerd-cri-plugin",
    f'timeout {ANSWER_TIMEOUT} ctr plugins ls | awk \'$1 == "io.containerd.grpc.v1" && $2 == "cri" {{print $NF}}\'',
)


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
    state = host.answer(_PLUGIN).text.strip()
    return f"its CRI plugin is {state or 'not loaded'}; see {CONFIG} and `journalctl -u containerd -n 50`"


def data_elsewhere(host: Peer, configured: str, wanted: str) -> str:
    """The folder other than the wanted one in which containerd has images or containers; '' for none."""
    root = configured or DEFAULT_ROOT
    if root == wanted:
        return ""
    return root if host.answer(_data(root)).text.strip() not in ("", "0") else ""


def _data(root: str) -> Question:
    """Prints how many things are in it."""
    return Question(
        "containerd-data",
        f'root={shlex.quote(root)}; {{ find "$root/io.containerd.content.v1.content/blobs" -type f;'
        ' find "$root/io.containerd.runtime.v2.task" -mindepth 2 -maxdepth 2 -type d; } 2>/dev/null | wc -l',
    )
