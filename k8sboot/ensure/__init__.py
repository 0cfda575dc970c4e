"""Steps that read, compare, change and verify. A host that is already as configured is not changed."""

from k8sboot.ensure.boot import newer_kernel
from k8sboot.ensure.cluster import (
    api_says,
    apiserver_answers,
    apiserver_is_not_ready,
    endpoint_problem,
    manifest,
    manifest_path,
    manifest_reads,
    reset_unfinished,
    running_cluster,
    running_cluster_now,
    settled,
    unsettled,
    workloads_of,
)
from k8sboot.ensure.etcd import no_etcd_member
from k8sboot.ensure.files import absent, block, directory, file, files
from k8sboot.ensure.kernel import modules, sysctls
from k8sboot.ensure.members import back_in_cluster, not_ready_any_more
from k8sboot.ensure.mounts import unmounted
from k8sboot.ensure.next_boot import cloud_init_stays_out, filters_stay_off, modules_stay, sysctls_stay
from k8sboot.ensure.node_settings import labels_and_taints, labels_and_taints_reads
from k8sboot.ensure.packages import choose, packages, version_to_come
from k8sboot.ensure.proxy_mode import left_reads, no_other_mode
from k8sboot.ensure.repositories import repositories, repository
from k8sboot.ensure.restore.restore import as_before, would_restart
from k8sboot.ensure.security import selinux
from k8sboot.ensure.services import (
    not_at_boot,
    reloaded,
    restarted,
    service,
    service_at_boot,
    service_off,
)
from k8sboot.ensure.system import hostname, swap_off, timezone

__all__ = [
    "absent",
    "api_says",
    "apiserver_answers",
    "apiserver_is_not_ready",
    "as_before",
    "back_in_cluster",
    "block",
    "choose",
    "cloud_init_stays_out",
    "directory",
    "endpoint_problem",
    "file",
    "files",
    "filters_stay_off",
    "hostname",
    "labels_and_taints",
    "labels_and_taints_reads",
    "left_reads",
    "manifest",
    "manifest_path",
    "manifest_reads",
    "modules",
    "modules_stay",
    "newer_kernel",
    "no_etcd_member",
    "no_other_mode",
    "not_at_boot",
    "not_ready_any_more",
    "packages",
    "reloaded",
    "repositories",
    "repository",
    "reset_unfinished",
    "restarted",
    "running_cluster",
    "running_cluster_now",
    "selinux",
    "service",
    "service_at_boot",
    "service_off",
    "settled",
    "swap_off",
    "sysctls",
    "sysctls_stay",
    "timezone",
    "version_to_come",
    "would_restart",
    "unmounted",
    "unsettled",
    "workloads_of",
]
