"""Every cause that is looked for, the ones that bring others with them first."""

from __future__ import annotations

from k8sboot.diagnosis.causes import cluster, control_plane, images, join, machine, packages, runtime
from k8sboot.diagnosis.finding import Catalogue

ABOUT_PACKAGES = Catalogue(causes=(machine.disk_full, machine.clock, *packages.PACKAGES))
"""What the words of a package manager can tell."""

ABOUT_NODES = Catalogue(
    causes=(
        control_plane.stale_cluster,
        *machine.MACHINE,
        *runtime.RUNTIME,
        *images.IMAGES,
        *join.JOIN,
        *control_plane.CONTROL_PLANE,
        *cluster.CLUSTER,
    ),
    symptoms=(
        control_plane.preflight,
        control_plane.component_exits,
        runtime.kubelet_down,
        cluster.node_silent,
        cluster.cni_missing,
        cluster.pod_failing,
    ),
)
"""What the evidence of a host, or of the cluster that it belongs to, can tell."""

ABOUT_BOTH = Catalogue((*ABOUT_NODES.causes, *ABOUT_PACKAGES.causes), ABOUT_NODES.symptoms)
