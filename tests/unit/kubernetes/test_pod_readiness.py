"""Pods that kubelet calls ready late, and pods that are not ready."""

from __future__ import annotations

import json
from typing import Any

import pytest

from k8sboot.kubernetes.parsers import pods

RUNS = {"name": "main", "ready": False, "started": True, "state": {"running": {"startedAt": "now"}}}
"""As kubelet 1.20 tells of kube-scheduler for up to 90 s after its startup probe has succeeded."""


def running(spec: dict[str, Any], **container: object) -> bool:
    """Whether a running pod with one such container counts as ready."""
    status = {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "False", "reason": "ContainersNotReady"}],
        "containerStatuses": [{**RUNS, **container}],
    }
    (found,) = pods(json.dumps({"kind": "Pod", "metadata": {"name": "p"}, "spec": spec, "status": status}))
    return found.is_ready


def test_a_container_that_has_started_and_has_no_other_probe_is_ready() -> None:
    assert running({"containers": [{"name": "main", "startupProbe": {"periodSeconds": 10}}]})


@pytest.mark.parametrize(
    ("spec", "container"),
    [
        ({"containers": [{"name": "main", "readinessProbe": {"periodSeconds": 10}}]}, {}),
        ({"containers": [{"name": "main"}], "readinessGates": [{"conditionType": "a"}]}, {}),
        ({"containers": [{"name": "main"}]}, {"started": False}),
        ({"containers": [{"name": "main"}]}, {"started": None}),
        ({"containers": [{"name": "main"}]}, {"state": {"waiting": {"reason": "CrashLoopBackOff"}}}),
        ({"containers": [{"name": "main"}]}, {"ready": True}),
    ],
    ids=["readiness probe", "readiness gate", "startup probe", "old kubelet", "crashes", "machine is lost"],
)
def test_what_is_not_ready_for_any_other_reason_is_not(
    spec: dict[str, Any], container: dict[str, Any]
) -> None:
    assert not running(spec, **container)
