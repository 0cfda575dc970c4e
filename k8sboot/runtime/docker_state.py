"""What is asked of a running Docker, each with a timeout: a Docker that hangs never answers."""

from __future__ import annotations

import shlex

from k8sboot.host.peer import Peer
from k8sboot.host.reads import Question

ANSWER_TIMEOUT = 20
"""Seconds. Docker normally answers in tenths of one."""
TIMED_OUT = 124
"""Exit status of coreutils' timeout when it has stopped the command."""
UNIT = "docker.service"
DEFAULT_ROOT = "/var/lib/docker"
_ASK = f"timeout {ANSWER_TIMEOUT} docker"
# Asking a stopped Docker would start it by its socket.
_RUNS = f"command -v docker >/dev/null && systemctl -q is-active {UNIT}"

CGROUP_DRIVER = Question("cgroup-driver", f"{_RUNS} && {_ASK} info -f '{{{{.CgroupDriver}}}}'")
BYSTANDERS = Question(
    "runtime-bystanders",
    f"{_RUNS} || exit 0; live=$({_ASK} info -f '{{{{.LiveRestoreEnabled}}}}') || exit; [ \"$live\" != true ] || exit 0;"
    f" all=$({_ASK} ps --format '{{{{.Names}}}} {{{{.Labels}}}}') || exit;"
    " printf '%s\\n' \"$all\" | grep -v -e '^k8s_' -e '[ ,]io\\.kubernetes\\.' | cut -d' ' -f1",
)
"""The names of running containers that are not kubelet's and that a restart stops. Exit status TIMED_OUT: it hangs."""
_FLAGS = Question(
    "runtime-flags",
    f"p=$(systemctl show -p MainPID {UNIT}) && tr '\\0' '\\n' < \"/proc/${{p#MainPID=}}/cmdline\"",
)
_KEYS = {
    "-g": "data-root", "--graph": "data-root", "--data-root": "data-root", "--exec-opt": "exec-opts",
    "--log-driver": "log-driver", "--log-opt": "log-opts", "--insecure-registry": "insecure-registries",
    "--registry-mirror": "registry-mirrors",
}  # fmt: skip


def flags_of(host: Peer) -> dict[str, str]:
    """Keys of daemon.json that the running Docker has as a flag, each with that flag; it accepts no key twice."""
    if host.unit(UNIT).active != "active":
        return {}
    words = host.answer(_FLAGS).text.split()
    return {_KEYS[name]: name for word in words if (name := word.partition("=")[0]) in _KEYS}


def data_elsewhere(host: Peer, configured: str, wanted: str) -> str:
    """The folder other than the wanted one in which Docker has containers, images or volumes; '' for none."""
    answer = host.answer(_data(configured or DEFAULT_ROOT))
    root, _, count = answer.text.strip().partition("\n")
    return root if root != wanted and count.strip() not in ("", "0") else ""


def _data(configured: str) -> Question:
    """Prints the folder, of the running Docker or as configured, and how many things are in it."""
    return Question(
        "runtime-data",
        f"root=$({_RUNS} && {_ASK} info -f '{{{{.DockerRootDir}}}}'); root=${{root:-{shlex.quote(configured)}}};"
        ' echo "$root"; { find "$root/containers" "$root/volumes" -mindepth 1 -maxdepth 1 -type d;'
        ' find "$root"/image/*/imagedb/content/sha256 -type f; } 2>/dev/null | wc -l',
    )
