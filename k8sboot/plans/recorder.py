"""A listener that makes a plan from a dry run's events."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from k8sboot.events import Changed, Differs, Event, Failed, Unknown
from k8sboot.inventory.hosts import HostSpec
from k8sboot.inventory.model import Spec
from k8sboot.plans.document import Change, Differing, Document, Failure, Open, Step
from k8sboot.plans.inventory import digests
from k8sboot.text.redact import Redactor

Place = tuple[str, str]


class Recorder:
    """Collects the changes of all hosts in any order, and sorts them. May be called from any thread."""

    def __init__(self, hosts: Sequence[HostSpec], phases: Sequence[str], redact: Redactor) -> None:
        self._hosts = hosts
        self._phases = phases
        self._redact = redact
        self._events: list[Event] = []

    def __call__(self, event: Event) -> None:
        """Record an event."""
        if isinstance(event, Changed | Differs | Unknown | Failed):
            self._events.append(event)

    def document(self, spec: Spec, *, limit: frozenset[str] | None) -> Document:
        """The plan."""
        return Document(
            cluster=spec.cluster.name,
            hosts={host.name: host.address for host in self._hosts},
            phases=tuple(self._phases),
            inventory=digests(spec),
            limit=None if limit is None else tuple(h.name for h in spec.hosts if h.name in limit),
            steps=tuple(self.steps()),
            differs=tuple(self._differs()),
            failed=tuple(self._failure(event) for event in self._events if isinstance(event, Failed)),
            created=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        )

    def steps(self) -> Iterator[Step]:
        """By phase, then by host, in the order of the runbook and the inventory."""
        by_place: dict[Place, list[Event]] = {}
        for event in self._events:
            by_place.setdefault((event.phase, event.host), []).append(event)
        for phase in self._phases:
            for host in self._hosts:
                yield from self._step(phase, host.name, by_place)

    def _step(self, phase: str, host: str, by_place: Mapping[Place, Sequence[Event]]) -> Iterator[Step]:
        events = by_place.get((phase, host), ())
        changes = tuple(self._change(event) for event in events if isinstance(event, Changed))
        unknown = tuple(Open(e.after, self._redact(e.what)) for e in events if isinstance(e, Unknown))
        if changes or unknown:
            yield Step(phase, host, changes, unknown)

    def _differs(self) -> Iterator[Differing]:
        """Each once, with all hosts that have it, in the order of the inventory."""
        hosts: dict[Differing, set[str]] = {}
        for event in self._events:
            if isinstance(event, Differs):
                texts = (event.cluster, event.inventory, event.how)
                one = Differing(event.key, event.where, (), *map(self._redact, texts))
                hosts.setdefault(one, set()).add(event.host)
        for one in sorted(hosts, key=lambda each: (each.key, each.where)):
            yield replace(one, hosts=tuple(h.name for h in self._hosts if h.name in hosts[one]))

    def _change(self, event: Changed) -> Change:
        commands = tuple(self._redact(line) for line in event.commands)
        return Change(self._redact(event.what), self._redact(event.diff), commands)

    def _failure(self, event: Failed) -> Failure:
        return Failure(event.host, event.phase, event.error.error_code, self._redact(event.error.what))
