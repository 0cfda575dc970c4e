"""The namespace of the smoke test as the API server tells it, and scenes that see it."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from k8sboot.smoke.objects import PART
from k8sboot.smoke.state import Moment, moment


def pod(
    name: str, *containers: dict[str, Any], part: str = "", node: str = "n1", **status: Any
) -> dict[str, Any]:
    """A Pod; ready, since, phase, address and leaving as keywords."""
    ready = status.get("ready", False)
    found = {
        "kind": "Pod",
        "metadata": {"name": name, "labels": {PART: part or name}},
        "spec": {"nodeName": node},
        "status": {
            "phase": status.get("phase", "Running"),
            "podIP": status.get("address", "172.16.0.5"),
            "conditions": [
                {
                    "type": "Ready",
                    "status": "True" if ready else "False",
                    "lastTransitionTime": status.get("since", ""),
                }
            ],
            "containerStatuses": list(containers),
        },
    }
    if status.get("leaving"):
        found["metadata"]["deletionTimestamp"] = "2026-11-30T00:00:00Z"
    return found


def container(name: str = "main", *, restarts: int = 0, ready: bool = False, **state: Any) -> dict[str, Any]:
    """A container; waiting or ended: its reason, message: of either; began."""
    told: dict[str, Any] = {"running": {"startedAt": state.get("began", "")}}
    for word, key in (("waiting", "waiting"), ("ended", "terminated")):
        if word in state:
            told = {key: {"reason": state[word], "message": state.get("message", "")}}
    return {"name": name, "restartCount": restarts, "ready": ready, "state": told}


def event(name: str, reason: str, message: str, **more: str) -> dict[str, Any]:
    """An event of a Pod."""
    return {"kind": "Event", "involvedObject": {"name": name}, "reason": reason, "message": message, **more}


def service(name: str, address: str = "10.96.0.9", node_port: int = 30123) -> dict[str, Any]:
    """A Service."""
    spec = {"clusterIP": address, "ports": [{"port": 80, "nodePort": node_port}]}
    return {"kind": "Service", "metadata": {"name": name}, "spec": spec}


def endpoints(name: str, *addresses: str, ready: bool = True) -> dict[str, Any]:
    """A Service's EndpointSlice."""
    return {
        "kind": "EndpointSlice",
        "metadata": {"name": f"{name}-x", "labels": {"kubernetes.io/service-name": name}},
        "endpoints": [{"addresses": [a], "conditions": {"ready": ready}} for a in addresses],
    }


def listed(*items: dict[str, Any]) -> str:
    """As kubectl prints them."""
    return json.dumps({"kind": "List", "items": list(items)})


def seen(*items: dict[str, Any], at: float = 0.0) -> Moment:
    """The namespace at a moment."""
    return moment(listed(*items), asked=at, answered=at + 0.5)


def scene(*moments: Moment, nodes: tuple[str, ...] = ("n1",), **more: Any) -> Any:
    """A scene that has seen these moments; its clock stands at the end of the last one."""
    changes: list[str] = []
    watch = SimpleNamespace(moments=moments, problem="", clock=lambda: moments[-1].answered)
    return SimpleNamespace(
        moments=moments,
        now=moments[-1],
        nodes=dict.fromkeys(nodes, "192.0.2.1"),
        notes={},
        watch=watch,
        image="r/agnhost:1",
        changes=changes,
        change=lambda what, _command: changes.append(what),
        echoes={p.node: p for p in moments[-1].parts("echo") if p.is_ready},
        **more,
    )
