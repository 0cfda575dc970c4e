"""All causes, in the order in which they are looked for: a cause stands before those that it brings about."""

from __future__ import annotations

from k8sboot.diagnosis.causes import cluster, control_plane, images, join, machine, packages, runtime
from k8sboot.diagnosis.finding import Catalogue

ABOUT_PACKAGES = Catalogue(causes=(machine.disk_full, machine.clock, *packages.PACKAGES))
"""For the output of package managers."""

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
"""For the evidence of a host or of its cluster."""

ABOUT_BOTH = Catalogue((*ABOUT_NODES.causes, *ABOUT_PACKAGES.causes), ABOUT_NODES.symptoms)
