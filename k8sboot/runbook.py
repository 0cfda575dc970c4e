"""The table of contents: what `up` and `reset` do, in order."""

from __future__ import annotations

from k8sboot.phase import Phase
from k8sboot.phases.calico import calico
from k8sboot.phases.cgroup_driver import cgroup_driver
from k8sboot.phases.container_runtime import container_runtime
from k8sboot.phases.differences import differences
from k8sboot.phases.hosts import hosts
from k8sboot.phases.images import images
from k8sboot.phases.join import join_masters, join_nodes, join_token, join_token_end
from k8sboot.phases.kernel import kernel
from k8sboot.phases.kernel_upgrade import kernel_upgrade_masters, kernel_upgrade_nodes
from k8sboot.phases.kube_packages import kube_packages
from k8sboot.phases.kube_proxy import kube_proxy, kube_proxy_mode
from k8sboot.phases.kubeadm_config import kubeadm_config
from k8sboot.phases.kubeadm_init import kubeadm_init
from k8sboot.phases.kubeconfig import kubeconfig
from k8sboot.phases.metrics_server import metrics_server
from k8sboot.phases.node_settings import node_settings
from k8sboot.phases.os_packages import os_packages, os_update
from k8sboot.phases.os_prep import os_prep
from k8sboot.phases.package_versions import package_versions
from k8sboot.phases.pod_network import pod_network
from k8sboot.phases.preflight import preflight
from k8sboot.phases.reset import drain, leave, reset_host, what_stays
from k8sboot.phases.restore_os import restore_os
from k8sboot.phases.root_key import root_key, root_key_trust
from k8sboot.phases.settle import settle
from k8sboot.phases.time_sync import time_sync
from k8sboot.phases.verify import service_dns, verify

UP: tuple[Phase, ...] = (
    preflight,
    hosts,
    os_prep,
    os_packages,
    os_update,
    time_sync,
    root_key,
    root_key_trust,
    kernel_upgrade_masters,
    kernel_upgrade_nodes,
    kernel,
    package_versions,
    container_runtime,
    kube_packages,
    kubeadm_config,
    images,
    kubeadm_init,
    join_token,
    calico,
    pod_network,
    metrics_server,
    kube_proxy,
    join_masters,
    join_nodes,
    node_settings,
    kubeconfig,
    cgroup_driver,
    kube_proxy_mode,
    differences,
    join_token_end,
    settle,
    verify,
    service_dns,
)

RESET: tuple[Phase, ...] = (drain, reset_host, leave, what_stays)

RESET_WITH_OS: tuple[Phase, ...] = (drain, reset_host, leave, restore_os)

RESET_FOREIGN: tuple[Phase, ...] = (reset_host, what_stays)
"""For machines of another cluster, which is not asked: their Nodes stay in it."""

RESET_FOREIGN_WITH_OS: tuple[Phase, ...] = (reset_host, restore_os)


def with_settling(phases: tuple[Phase, ...]) -> tuple[Phase, ...]:
    """Single phases, followed by `settle` if they start workloads in the cluster."""
    starts_something = any(phase.name in settle.after and phase.scope == "cluster" for phase in phases)
    return (*phases, settle) if starts_something and settle not in phases else phases
