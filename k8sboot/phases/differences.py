"""What the inventory sets, the running cluster does not have, and k8sboot does not bring about: told in every run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from k8sboot import ensure
from k8sboot.cluster import Cluster
from k8sboot.desired.kubeadm import is_member, kubelet_fields
from k8sboot.host.host import Host
from k8sboot.host.reads import Reads
from k8sboot.inventory.model import KubeadmPatches, Spec
from k8sboot.kubernetes.answers import at, text_at
from k8sboot.kubernetes.comparing import Difference, differing, merged
from k8sboot.kubernetes.extra_args import as_mapping, comparable
from k8sboot.kubernetes.paths import KUBELET_CONF, KUBELET_CONFIG, KUBELET_INSTANCE_CONFIG
from k8sboot.kubernetes.static_pods import COMPONENTS, flags, manifest_of
from k8sboot.kubernetes.yamltext import load_documents
from k8sboot.paths import UNFINISHED
from k8sboot.phase import everyone, phase

CLUSTER, KUBELET = "kubeadm.clusterConfiguration", "kubeadm.kubeletConfiguration"
"""The inventory's keys."""
EDIT = "`kubectl -n kube-system edit configmap {}`, which {}"


def _reads(spec: Spec) -> Reads:
    manifests = (manifest_of(name) for _, name, _ in _arguments(spec.kubeadm))
    kubelet = _kubelet_files(spec) if kubelet_fields(spec) else ()
    return Reads(files=(KUBELET_CONF, UNFINISHED, *kubelet, *manifests))


def _kubelet_files(spec: Spec) -> tuple[str, ...]:
    """What kubelet's configuration on a host consists of; a later one takes precedence."""
    return KUBELET_CONFIG, *((KUBELET_INSTANCE_CONFIG,) if spec.cluster.release.has_instance_config else ())


def _arguments(patches: KubeadmPatches) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """(section, component, flags) of the control plane's components for which the inventory sets flags."""
    for section, component in COMPONENTS.items():
        if given := as_mapping(at(patches.cluster_configuration, section, "extraArgs")):
            yield section, component, given


@phase(on=everyone, reads=_reads, after=("join-masters", "join-nodes", "kube-proxy"))
def differences(cluster: Cluster, host: Host) -> None:
    """Report where the running cluster differs from the inventory and `up` does not change it."""
    if not is_member(host):
        return
    if host.name == cluster.spec.masters[0].name:
        _cluster_configuration(cluster.spec, host)
        _what_stays(cluster.spec, host)
    if host.role == "master":
        _control_plane(cluster.spec.kubeadm, host)
    _kubelet(cluster.spec, host)


def _cluster_configuration(spec: Spec, host: Host) -> None:
    """What kubeadm keeps in the cluster, for the next master, host or upgrade."""
    running, patches = ensure.running_cluster(host), spec.kubeadm
    wanted, there = comparable(patches.cluster_configuration), comparable(running.cluster_configuration)
    found = [*differing(wanted, there, where=CLUSTER)]
    repository = text_at(there, "imageRepository")
    if "cluster.imageRepository" in spec.said and spec.cluster.image_repository != repository:
        found.append(Difference("cluster.imageRepository", repository, spec.cluster.image_repository))
    edit = EDIT.format("kubeadm-config", "kubeadm reads when a master joins, and in an upgrade")
    _report(host, found, where="ConfigMap kubeadm-config", how=edit)
    name = running.kubelet_config_map
    found = [*differing(kubelet_fields(spec), running.kubelet_configuration, where=KUBELET)]
    _report(host, found, where=f"ConfigMap {name}", how=EDIT.format(name, "hosts read when they join"))


def _what_stays(spec: Spec, host: Host) -> None:
    """What the inventory does not want any longer, or in another version, and k8sboot leaves as it is."""
    running = ensure.running_cluster(host)
    if running.has_calico and spec.plugin == "none":
        host.notice("KB-NOT-REMOVED", "Calico stays in the cluster: network.plugin: none removes nothing")
    if running.has_metrics_server and not spec.metrics_server.enabled:
        text = "metrics-server stays in the cluster: metricsServer.enabled: false removes nothing"
        host.notice("KB-NOT-REMOVED", text)
    wanted, there = spec.calico.version, running.calico_version
    is_calico = spec.plugin == "calico"
    if is_calico and spec.calico.manifest and "calico.version" in spec.said and there not in ("", wanted):
        text = f"calico.version: {wanted} has no effect beside calico.manifest, which installs {there}"
        host.notice("KB-NO-EFFECT", text)


def _control_plane(patches: KubeadmPatches, host: Host) -> None:
    """The flags with which the control plane runs on this master."""
    for section, component, given in _arguments(patches):
        path = manifest_of(component)
        there = flags(host.read_file(path) or "", what=path)
        found = differing(given, there, where=f"{CLUSTER}.{section}.extraArgs")
        _report(host, found, where=path, how=f"edit {path} on one master after the other")


def _kubelet(spec: Spec, host: Host) -> None:
    """The configuration with which kubelet runs on this host."""
    wanted = kubelet_fields(spec)
    if not wanted:
        return
    there: Mapping[str, Any] = {}
    for path in _kubelet_files(spec):
        for document in load_documents(host.read_file(path) or "", path):
            there = merged(there, document)
    found = differing(wanted, there, where=KUBELET)
    edit = f"edit {KUBELET_CONFIG} on one host after the other, each time with `systemctl restart kubelet`"
    _report(host, found, where=KUBELET_CONFIG, how=edit)


def _report(host: Host, found: Iterable[Difference], *, where: str, how: str) -> None:
    for each in found:
        host.differs(each.key, where=where, cluster=each.found, inventory=each.wanted, how=how)
