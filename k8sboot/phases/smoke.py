"""The acceptance of a cluster: what it must be able to do, in a namespace that is removed afterwards."""

from __future__ import annotations

from collections.abc import Collection

from k8sboot.cluster import Cluster
from k8sboot.host.host import Host
from k8sboot.host.reads import Reads
from k8sboot.kubernetes.paths import ADMIN_CONF
from k8sboot.paths import SMOKE_STATIC_POD
from k8sboot.phase import Phase, everyone, first_master, phase
from k8sboot.smoke import namespace, static, trying
from k8sboot.smoke.namespace import trial
from k8sboot.smoke.rows import all_rows

TITLES = {row.name: row.title for row in all_rows(static.StaticPod().look)}
"""Of every row, by its name, in order."""
FIRST = ("smoke-cluster", "smoke-leftovers")
"""The phases before all others."""


@phase(on=everyone, reads=Reads(files=(SMOKE_STATIC_POD,)))
def smoke_leftovers(cluster: Cluster, host: Host) -> None:
    """Remove the static Pod of a smoke test that was killed."""
    static.remove_file(host)


@phase(on=first_master, reads=Reads(files=(ADMIN_CONF,)))
def smoke_cluster(cluster: Cluster, host: Host) -> None:
    """Check that there is a cluster to try."""
    namespace.refuse_without_cluster(host)


def smoke_phases(only: Collection[str] = ()) -> tuple[Phase, ...]:
    """The phases of a smoke test of the rows with these names, or of all."""
    static_pod = static.StaticPod()
    rows = trying.chosen(only, static_pod.look)

    @phase(on=first_master, after=FIRST, scope="cluster")
    def smoke(cluster: Cluster, host: Host) -> None:
        """Try what a cluster must be able to do, in a namespace of its own."""
        with trial(cluster, host) as scene:
            trying.try_rows(scene, rows)

    @phase(on=static.place, after=FIRST, scope="cluster")
    def smoke_static_pod(cluster: Cluster, host: Host) -> None:
        """Try a static Pod on the last host."""
        static_pod.try_on(cluster, host)

    has_static_pod = any(row.look == static_pod.look for row in rows)
    return (smoke_cluster, smoke_leftovers, smoke, *((smoke_static_pod,) if has_static_pod else ()))
