"""Which causes can explain which phases' failures, from the machine upwards."""

from __future__ import annotations

from k8sboot.diagnosis.causes import (
    cluster,
    containerd,
    control_plane,
    images,
    join,
    machine,
    packages,
    proxy,
    releases,
    runtime,
    smoke,
)
from k8sboot.diagnosis.finding import Catalogue

MACHINE = (machine.disk_full, machine.out_of_memory, machine.clock)
"""What stops any program."""

ABOUT_PACKAGES = Catalogue(layers=((machine.disk_full, machine.clock), (proxy.proxy, *packages.PACKAGES)))
"""For the output of package managers."""

ABOUT_RUNTIME = Catalogue(
    layers=(MACHINE, (*containerd.CONTAINERD, *runtime.RUNTIME, proxy.proxy, *packages.PACKAGES))
)
"""For a container runtime that is installed or started."""

ABOUT_DRIVERS = Catalogue(layers=((runtime.drivers_differ,),))
"""For the comparison of the cgroup drivers."""

ABOUT_IMAGES = Catalogue(
    layers=(MACHINE, (*containerd.CONTAINERD, *runtime.RUNTIME), (proxy.proxy, *images.IMAGES))
)
"""For images that are pulled."""

ABOUT_NODES = Catalogue(
    layers=(
        (control_plane.stale_cluster, *machine.MACHINE, *releases.OF_MACHINE),
        (*containerd.CONTAINERD, *runtime.RUNTIME, *containerd.OF_PODS, *releases.OF_RUNTIME),
        (*releases.OF_KUBELET, *runtime.KUBELET_CAUSES, proxy.proxy, *images.IMAGES),
        (
            *join.JOIN,
            *releases.OF_CLUSTER,
            *control_plane.CONTROL_PLANE,
            *cluster.CLUSTER,
            *containerd.OF_NETWORK,
        ),
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
"""For kubeadm, kubelet and the cluster."""

ABOUT_ROWS = Catalogue(
    layers=((*smoke.ROWS, cluster.kubelet_unreachable, cluster.disk_pressure), cluster.CLUSTER)
)
"""For rows of the smoke test."""

ABOUT_BOTH = Catalogue((*ABOUT_NODES.layers, packages.PACKAGES), ABOUT_NODES.symptoms)
"""For a step that installs packages and then waits for the cluster."""
