"""The pod network of the inventory: a plugin's own manifest for this cluster, and whether there is a network at all."""

from __future__ import annotations

from functools import lru_cache
from threading import Lock

from k8sboot.desired import manifests
from k8sboot.host.peer import Peer
from k8sboot.host.reads import Question
from k8sboot.inventory.model import Spec
from k8sboot.kubernetes import commands, parsers
from k8sboot.kubernetes.network_manifest import NetworkManifest, fitted
from k8sboot.kubernetes.node_checks import lacks_only_network
from k8sboot.scripts import render

CNI_IN_FORCE = Question("cni-in-force", render("cni-in-force"), shares=True)
"""The file in /etc/cni/net.d that the container runtime reads: the first by name."""
_one_at_a_time = Lock()


def network_manifest(spec: Spec) -> NetworkManifest:
    """The manifest that the inventory names, verified by its checksum if it has one."""
    with _one_at_a_time:
        return _fitted(spec.network.manifest, spec.network.sha256, spec.cluster.pod_subnet)


def unpinned_digest(spec: Spec) -> str:
    """The SHA-256 of a manifest that is downloaded and that nothing pins; '' for any other."""
    return manifests.unpinned(spec.network.manifest, spec.network.sha256, "network")


@lru_cache(maxsize=2)
def _fitted(source: str, pin: str, pod_subnet: str) -> NetworkManifest:
    return fitted(manifests.manifest(source, pin, "network"), pod_subnet)


def is_missing(spec: Spec, master: Peer) -> bool:
    """Whether the operator, whom the inventory leaves the network to, has not installed it yet.

    No node is Ready then, each for that one reason: one that is Ready has a network, for which the others are waited.
    """
    if spec.plugin != "none":
        return False
    done = master.ask(commands.get_fields("nodes", parsers.NODES))
    nodes = parsers.nodes(done.text) if done.exit_status == 0 else ()
    return bool(nodes) and all(map(lacks_only_network, nodes))
