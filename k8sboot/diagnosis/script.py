"""The read-only script that gathers evidence on a host. Every section is limited in time and size.

It changes nothing, and contacts only the cluster's endpoint and the registries of the inventory.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from k8sboot.kubernetes.commands import kubectl
from k8sboot.kubernetes.paths import ADMIN_CONF
from k8sboot.paths import JOBS_DIR
from k8sboot.runtime import Runtime
from k8sboot.scripts import call, render

TIMEOUT = 100.0
"""Seconds until k8sboot stops waiting for the script; the script itself starts no section after 60."""

KUBECTL = shlex.join(kubectl("--request-timeout=5s"))
COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "coredns")
"""Components whose newest container's log is gathered."""
OF_HOST = (
    *("when", "memory", "swaps", "disk", "inodes", "oom", "ports", "addresses", "resolv", "hosts", "names"),
    *("selinux", "firewall", "modules", "clock"),
    *("kubelet-unit", "kubelet-errors", "kubelet-tail", "kubelet-config", "runtime-unit", "runtime-errors"),
)
OF_HOST_LAST = ("kubernetes-files", "certificates", "kubeadm-log", "endpoint", "registries")
OF_CLUSTER = ("api", "nodes", "conditions", "pods", "events", "requests", "tokens", "master-filter")


@dataclass(frozen=True)
class Scope:
    """What to gather, as a request to a host. endpoint: HOST:PORT of the API server. registries: HOST[:PORT] each.

    since: how many seconds of logs to read. runtime: the host's; None to gather only what the cluster says.
    data_root: where the inventory wants the runtime's images and containers, '' for its default.
    """

    endpoint: str = ""
    registries: Sequence[str] = ()
    since: int = 300
    runtime: Runtime | None = None
    data_root: str = ""

    def render(self) -> str:
        """The text for /bin/sh."""
        return script(self)


def script(scope: Scope) -> str:
    """The script for /bin/sh. Exit status 0; each line of its output is a section (see evidence.parse)."""
    code, values, sections = _of_host(scope, scope.runtime) if scope.runtime else ("", {"UNITS": ""}, "")
    code += render("evidence-cluster")
    head = render("evidence", CODE=code, ADMIN_CONF=ADMIN_CONF, KUBECTL=KUBECTL, **values)
    return head + sections + _sections(OF_CLUSTER) + "true\n"


def _of_host(scope: Scope, runtime: Runtime) -> tuple[str, dict[str, str], str]:
    """For the sections about the host: their functions, the values that these use, and the calls."""
    functions = render("evidence-host") + render(runtime.evidence_script)
    return (
        functions,
        _values(scope, runtime),
        _sections(OF_HOST) + _of_runtime(runtime) + _sections(OF_HOST_LAST),
    )


def _values(scope: Scope, runtime: Runtime) -> dict[str, str]:
    host, _, port = scope.endpoint.rpartition(":")
    units = (runtime.unit, *runtime.lower_units)
    return {
        "ENDPOINT": host.strip("[]"),
        "PORT": port,
        "REGISTRIES": " ".join(scope.registries),
        "SINCE": f"-{scope.since}s",
        "UNITS": " ".join(unit.removesuffix(".service") for unit in units),
        "DATA_DIR": scope.data_root or runtime.data_dir,
        "JOBS": JOBS_DIR,
    }


def _sections(names: Iterable[str]) -> str:
    """A call for each: the section `kubelet-unit` is what the function `kubelet_unit` prints."""
    return "".join(call("section", name, name.replace("-", "_")) for name in names)


def _of_runtime(runtime: Runtime) -> str:
    logs = "".join(call("section", f"log-{name}", f"log_of {name}") for name in COMPONENTS)
    return _sections((*runtime.evidence_sections, "containers")) + logs + _sections(("images",))
