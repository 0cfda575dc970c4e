"""Steps that read, compare, act, and look again. A host already as wanted is not touched."""

from k8sboot.ensure.boot import newer_kernel
from k8sboot.ensure.cluster import apiserver_answers, manifest, manifest_path, reset_unfinished, settled
from k8sboot.ensure.files import absent, block, directory, file, files
from k8sboot.ensure.kernel import modules, sysctls
from k8sboot.ensure.packages import packages, repository
from k8sboot.ensure.services import service, service_at_boot, service_off
from k8sboot.ensure.system import hostname, selinux_permissive, swap_off, timezone

__all__ = [
    "absent",
    "apiserver_answers",
    "block",
    "directory",
    "file",
    "files",
    "hostname",
    "manifest",
    "manifest_path",
    "modules",
    "newer_kernel",
    "packages",
    "repository",
    "reset_unfinished",
    "selinux_permissive",
    "service",
    "service_at_boot",
    "service_off",
    "settled",
    "swap_off",
    "sysctls",
    "timezone",
]
