"""Chapter 2.5, with another plugin than Calico: the pods' network by its own manifest."""

from __future__ import annotations

from k8sboot import ensure
from k8sboot.cluster import Cluster
from k8sboot.desired import by_command
from k8sboot.desired.network import network_manifest, unpinned_digest
from k8sboot.errors import Refused
from k8sboot.host.host import Host
from k8sboot.host.reads import Reads
from k8sboot.kubernetes import commands
from k8sboot.kubernetes.network_manifest import NetworkManifest, daemon_sets_of
from k8sboot.phase import When, first_master, phase
from k8sboot.text.listing import listed

NAME, DEFINITIONS = "network", "network-definitions"
SHOWN = 5


@phase(
    on=first_master,
    when=When(lambda spec: spec.plugin == "manifest", otherwise="network.plugin is not manifest"),
    reads=Reads(files=(ensure.manifest_path(NAME), ensure.manifest_path(DEFINITIONS))),
    after=("kubeadm-init",),
    scope="cluster",
)
def pod_network(cluster: Cluster, host: Host) -> None:
    """Install the pods' network by its own manifest."""
    by_command.refuse_other_network(cluster, host)
    wanted = network_manifest(cluster.spec)
    _refuse_another(host, wanted)
    if digest := unpinned_digest(cluster.spec):
        text = (
            f"nothing pins the pod network's manifest: set `sha256: {digest}` in `network` of the inventory"
        )
        host.notice("KB-MANIFEST-UNPINNED", text)
    for other in wanted.others:
        text = f"network.manifest has {other}, cluster.podSubnet is {cluster.spec.cluster.pod_subnet}"
        host.notice("KB-POD-NETWORK", text)
    if wanted.definitions:
        known = commands.wait_for_definitions(ensure.manifest_path(DEFINITIONS))
        ensure.manifest(host, DEFINITIONS, wanted.definitions, restarts=(known,))
    ensure.manifest(host, NAME, wanted.objects)


def _refuse_another(host: Host, wanted: NetworkManifest) -> None:
    """A manifest of another plugin than the one that an earlier run applied."""
    text = host.read_file(ensure.manifest_path(NAME))
    there = daemon_sets_of(text) if text else frozenset()
    if there and wanted.daemon_sets and not there & wanted.daemon_sets:
        raise Refused(
            f"the cluster's pod network is {listed(sorted(there), SHOWN)}, network.manifest installs "
            f"{listed(sorted(wanted.daemon_sets), SHOWN)}",
            why="`up` does not move running Pods to another network, and it removes no objects of the former one",
            fix="set `network.manifest` to that plugin's manifest, or see `k8sboot explain KB-NETWORK-PLUGIN`; "
            "nothing was changed",
            host=host.name,
            code="KB-NETWORK-PLUGIN",
        )
    if gone := sorted(there - wanted.daemon_sets):
        text = f"the manifest no longer has {listed(gone, SHOWN)}: what it leaves out stays in the cluster"
        host.notice("KB-NOT-REMOVED", text)
