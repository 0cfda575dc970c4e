"""The packages that have the same version on every host: what phases share about them."""

from __future__ import annotations

from dataclasses import replace

from k8sboot import runtime
from k8sboot.cluster import Cluster
from k8sboot.host.peer import Peer
from k8sboot.host.reads import Reads
from k8sboot.inventory.model import Spec
from k8sboot.osfamily import Wanted
from k8sboot.osfamily.family import matches, upstream
from k8sboot.paths import PACKAGE_VERSIONS

KEEP_RUNTIME = (
    "set `runtime.version` to the version that is installed, or `runtime.allowDowngrade: true` to replace it, "
    "then run again"
)
CHOOSES = "package-versions"
"""The phase that selects the versions and writes PACKAGE_VERSIONS."""
PINNED = Reads(files=(PACKAGE_VERSIONS,))
"""What pinned() reads of the first master."""
KUBERNETES = ("kubeadm", "kubelet", "kubectl")
"""The packages with Kubernetes' own version."""


def runtime_packages(spec: Spec) -> tuple[str, ...]:
    """The container runtime's packages."""
    return tuple(runtime.of(spec).packages(spec))


def kubernetes_packages(spec: Spec) -> tuple[str, ...]:
    """Kubernetes' packages that have its version."""
    return tuple(name for name in spec.cluster.release.packages if name in KUBERNETES)


def companions(spec: Spec) -> tuple[Wanted, ...]:
    """The other packages of Kubernetes' repository that are held. They have versions of their own: any will do."""
    held = spec.cluster.release.packages_held
    return tuple(
        Wanted(name, is_held=True, repository="kubernetes", follows=KUBERNETES)
        for name in held
        if name not in KUBERNETES
    )


def asked_for(spec: Spec) -> dict[str, Wanted]:
    """The packages with one version for all hosts, as the inventory requires them."""
    kubernetes = f"={spec.cluster.kubernetes_version.removeprefix('v')}"
    if_newer = "" if spec.runtime.allow_downgrade else KEEP_RUNTIME
    engine = runtime.of(spec).packages(spec).items()
    return {
        **{name: Wanted(name, version, is_held=True, if_newer=if_newer) for name, version in engine},
        **{
            name: Wanted(name, kubernetes, is_held=True, repository="kubernetes")
            for name in kubernetes_packages(spec)
        },
    }


def pinned(cluster: Cluster, host: Peer, *names: str) -> tuple[Wanted, ...]:
    """The packages at the versions that the first master selected, to be held.

    The same package on hosts of the same system; on others the same upstream version, if the inventory sets one. In a
    dry run that has not selected yet, as the inventory requires them.
    """
    leader, asked = cluster.first_master, [asked_for(cluster.spec)[name] for name in names]
    is_same = _system(leader) == _system(host)
    if leader.leaves_open(CHOOSES):
        return tuple(replace(w, chosen_by=CHOOSES) if is_same or w.version else w for w in asked)
    chosen = _parsed(leader.read_file(PACKAGE_VERSIONS) or "")
    missing = [
        w.name for w in asked if not matches(chosen.get(w.name, ""), w.version) or w.name not in chosen
    ]
    leader.known(None if missing else "", what=f"a selected version of {' '.join(missing)}", after=CHOOSES)
    if is_same:
        return tuple(replace(w, version=f"=={chosen[w.name]}") for w in asked)
    return tuple(replace(w, version=f"={upstream(chosen[w.name])}") if w.version else w for w in asked)


def _parsed(text: str) -> dict[str, str]:
    lines = (line.split() for line in text.splitlines() if not line.startswith("#"))
    return {words[0]: words[1] for words in lines if len(words) == 2}


def _system(host: Peer) -> tuple[str, str, str]:
    facts = host.facts
    return facts.os_id, facts.os_version.partition(".")[0], facts.arch
