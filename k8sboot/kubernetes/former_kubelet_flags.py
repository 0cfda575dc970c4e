"""Flags that kubelet once had, by what they went with: data."""

from __future__ import annotations

# Source: kubernetes 106907 (CHANGELOG-1.24).
DOCKERSHIM = (
    "cni-bin-dir", "cni-cache-dir", "cni-conf-dir", "docker-endpoint", "experimental-dockershim-root-directory",
    "image-pull-progress-deadline", "network-plugin", "network-plugin-mtu",
)  # fmt: skip
# Source: cmd/kubelet/app/options/globalflags_linux.go of 1.36.3 and 1.37.2.
CADVISOR = (
    "application-metrics-count-limit", "boot-id-file", "container-hints", "containerd", "containerd-namespace",
    "enable-load-reader", "event-storage-age-limit", "event-storage-event-limit", "global-housekeeping-interval",
    "log-cadvisor-usage", "machine-id-file", "storage-driver-buffer-duration", "storage-driver-db",
    "storage-driver-host", "storage-driver-password", "storage-driver-secure", "storage-driver-table",
    "storage-driver-user",
)  # fmt: skip
