"""What the namespace of the smoke test holds at a moment: Pods, Services' endpoints and events, from kubectl's JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from k8sboot.kubernetes.answers import at, mappings_at, number_at, read_items, text_at
from k8sboot.kubernetes.tokens import moment as time_of
from k8sboot.smoke.objects import PART

KINDS = "pods,services,endpointslices.discovery.k8s.io,events"
_SERVICE = "kubernetes.io/service-name"


@dataclass(frozen=True)
class Container:
    """A container's state. waiting, ended: the reason, '' where it is not in that state. message: of either.

    began: when it was started, if it runs.
    """

    name: str
    restarts: int = 0
    is_ready: bool = False
    waiting: str = ""
    ended: str = ""
    message: str = ""
    began: datetime | None = None


@dataclass(frozen=True)
class Pod:
    """A Pod. part: its part in the test; Pods of a DaemonSet have the same one."""

    name: str
    part: str = ""
    node: str = ""
    address: str = ""
    phase: str = ""
    is_ready: bool = False
    ready_since: datetime | None = None
    is_leaving: bool = False
    containers: tuple[Container, ...] = ()
    note: str = ""

    @property
    def restarts(self) -> int:
        """Of all its containers."""
        return sum(each.restarts for each in self.containers)

    @property
    def state(self) -> str:
        """In one word or a few, as `kubectl get pods` has it, with the reason."""
        for each in self.containers:
            if each.waiting not in ("", "ContainerCreating", "PodInitializing"):
                return f"{each.waiting}{f' ({each.message})' if each.message else ''}"
        return self.note or next((each.ended for each in self.containers if each.ended), "") or self.phase


@dataclass(frozen=True)
class Event:
    """An event of an object. about: its name. text: 'REASON: MESSAGE'. when: in UTC, as text."""

    about: str
    text: str
    is_warning: bool = False
    when: str = ""


@dataclass(frozen=True)
class Moment:
    """The namespace between two times: monotonic seconds when it was asked for, and when the answer came."""

    asked: float = 0.0
    answered: float = 0.0
    pods: Mapping[str, Pod] = field(default_factory=dict)
    endpoints: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The ready addresses of each Service."""
    services: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    """The cluster's address of each Service, and its NodePort, 0 for none."""
    events: tuple[Event, ...] = ()

    def parts(self, part: str) -> tuple[Pod, ...]:
        """The Pods of a part, those that leave left out."""
        return tuple(pod for pod in self.pods.values() if pod.part == part and not pod.is_leaving)

    def said(self, pod: str, words: str) -> bool:
        """Whether an event of the Pod has these words."""
        return any(each.about == pod and words in each.text for each in self.events)

    def warning(self, name: str, words: str = "") -> str:
        """The newest warning about an object that has these words, '' for none."""
        about = [each for each in self.events if each.is_warning and each.about == name]
        found = [each for each in about if words in each.text]
        return max(found, key=lambda each: each.when).text if found else ""


def moment(text: str, *, asked: float, answered: float) -> Moment:
    """From kubectl's answer about KINDS. Raises BadAnswer."""
    items = read_items(text, asked="the smoke test's namespace")
    by_kind: dict[str, list[Mapping[str, Any]]] = {}
    for item in items:
        by_kind.setdefault(text_at(item, "kind"), []).append(item)
    slices = by_kind.get("EndpointSlice", [])
    return Moment(
        asked,
        answered,
        {pod.name: pod for pod in map(_pod, by_kind.get("Pod", []))},
        {name: _ready(slices, name) for name in {_service_of(each) for each in slices}},
        {text_at(each, "metadata", "name"): _service(each) for each in by_kind.get("Service", [])},
        tuple(map(_event, by_kind.get("Event", []))),
    )


def _pod(item: Mapping[str, Any]) -> Pod:
    conditions = mappings_at(item, "status", "conditions")
    status = {text_at(each, "type"): each for each in conditions}
    unfit = status.get("PodScheduled", {})
    return Pod(
        name=text_at(item, "metadata", "name"),
        part=text_at(item, "metadata", "labels", PART),
        node=text_at(item, "spec", "nodeName"),
        address=text_at(item, "status", "podIP"),
        phase=text_at(item, "status", "phase"),
        is_ready=text_at(status.get("Ready", {}), "status") == "True",
        ready_since=time_of(text_at(status.get("Ready", {}), "lastTransitionTime")),
        is_leaving=at(item, "metadata", "deletionTimestamp") is not None,
        containers=tuple(map(_container, mappings_at(item, "status", "containerStatuses"))),
        note=text_at(unfit, "message") if text_at(unfit, "status") == "False" else "",
    )


def _container(item: Mapping[str, Any]) -> Container:
    waiting, ended = at(item, "state", "waiting"), at(item, "state", "terminated")
    return Container(
        name=text_at(item, "name"),
        restarts=number_at(item, "restartCount"),
        is_ready=at(item, "ready") is True,
        waiting=text_at(waiting, "reason"),
        ended=text_at(ended, "reason"),
        message=text_at(waiting, "message") or text_at(ended, "message"),
        began=time_of(text_at(item, "state", "running", "startedAt")),
    )


def _service_of(item: Mapping[str, Any]) -> str:
    return text_at(item, "metadata", "labels", _SERVICE)


def _ready(slices: list[Mapping[str, Any]], service: str) -> frozenset[str]:
    return frozenset(
        address
        for each in slices
        if _service_of(each) == service
        for endpoint in mappings_at(each, "endpoints")
        if at(endpoint, "conditions", "ready") is not False
        for address in at(endpoint, "addresses") or ()
        if isinstance(address, str)
    )


def _service(item: Mapping[str, Any]) -> tuple[str, int]:
    ports = mappings_at(item, "spec", "ports")
    return text_at(item, "spec", "clusterIP"), number_at(ports[0], "nodePort") if ports else 0


def _event(item: Mapping[str, Any]) -> Event:
    return Event(
        about=text_at(item, "involvedObject", "name") or text_at(item, "regarding", "name"),
        text=f"{text_at(item, 'reason')}: {text_at(item, 'message') or text_at(item, 'note')}",
        is_warning=text_at(item, "type") == "Warning",
        when=text_at(item, "lastTimestamp") or text_at(item, "eventTime"),
    )
