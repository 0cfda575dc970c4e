"""The conformance tests of Kubernetes that run in CI: short ones, of what a cluster is for."""

from __future__ import annotations

NODE = "[Conformance] [NodeConformance]"
HOOK = "[sig-node] Container Lifecycle Hook when create a pod with lifecycle hook should execute"
PROBE = "[sig-node] Probing container should be restarted with a"
TESTS = (
    "[sig-network] Services should serve a basic endpoint from pods [Conformance]",
    "[sig-network] Services should be able to create a functioning NodePort service [Conformance]",
    "[sig-network] DNS should provide DNS for the cluster [Conformance]",
    "[sig-network] DNS should provide DNS for services [Conformance]",
    f"{PROBE} /healthz http liveness probe {NODE}",
    f'{PROBE} exec "cat /tmp/health" liveness probe {NODE}',
    f"{HOOK} poststart exec hook properly {NODE}",
    f"{HOOK} prestop http hook properly {NODE}",
    f"[sig-storage] Secrets should be consumable from pods in volume {NODE}",
    f"[sig-node] Secrets should be consumable from pods in env vars {NODE}",
    f"[sig-storage] Projected secret should be consumable from pods in volume {NODE}",
    "[sig-storage] Projected combined should project all components that make up the projection API [Projection] "
    f"{NODE}",
)
