"""The changes that a run would make, as plain values and as JSON.

The JSON's keys, of which those of one `version` keep their meaning; new ones may be added to it:

    format      "k8sboot-plan"
    version     1
    k8sboot     the version that made it
    created     when, in UTC, as 2026-01-31T12:00:00Z
    cluster     the cluster's name
    hosts       [{name, address}], those the run is connected to, in the inventory's order
    limit       names of the hosts that --limit named, null where it named none
    phases      names of the phases, in order
    inventory   {section: SHA-256} of the inventory's meaning, its secrets left out
    steps       [{phase, host, changes, unknown}], by phase, then by host; only those that are not empty
      changes   [{what, diff, commands}] in order. diff: unified diffs of files, or lines "thing: from -> to"
      unknown   [{what, after}]: what might be done is known only when phase `after` has run; what "": all of the phase
    differs     [{key, where, hosts, cluster, inventory, how}]: values that the inventory sets, that the running cluster
                does not have, and that `up` does not change. key: the inventory's; where: what was read, on which
                hosts; cluster, inventory: the values; how: what brings it about
    failed      [{host, phase, code, what}]; where it is not empty the plan is not complete
    summary     {changes, hosts, unknown, differs}: how many changes on how many hosts, how many things are unknown, and
                how many values differ

Secrets are masked in all of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from k8sboot import __version__

FORMAT = "k8sboot-plan"
VERSION = 1


@dataclass(frozen=True)
class Change:
    """A change that would be made on a host."""

    what: str
    diff: str = ""
    commands: tuple[str, ...] = ()


@dataclass(frozen=True)
class Open:
    """A change that is known only after another phase. what "": the whole phase."""

    after: str
    what: str = ""


@dataclass(frozen=True)
class Step:
    """A phase on a host that has changes or unknowns."""

    phase: str
    host: str
    changes: tuple[Change, ...] = ()
    unknown: tuple[Open, ...] = ()


@dataclass(frozen=True)
class Differing:
    """A value of the inventory that the running cluster does not have, and that `up` does not change."""

    key: str
    where: str
    hosts: tuple[str, ...]
    cluster: str
    inventory: str
    how: str


@dataclass(frozen=True)
class Failure:
    """A host on which planning failed."""

    host: str
    phase: str
    code: str
    what: str


@dataclass(frozen=True)
class Document:
    """A plan. hosts: address by name. limit None: all hosts. created: as in the JSON."""

    cluster: str
    hosts: Mapping[str, str]
    phases: tuple[str, ...]
    inventory: Mapping[str, str]
    limit: tuple[str, ...] | None = None
    steps: tuple[Step, ...] = ()
    differs: tuple[Differing, ...] = ()
    failed: tuple[Failure, ...] = ()
    created: str = ""
    k8sboot: str = field(default=__version__)

    @property
    def changes(self) -> int:
        """The number of changes on all hosts."""
        return sum(len(step.changes) for step in self.steps)

    @property
    def changed_hosts(self) -> int:
        """The number of hosts with changes."""
        return len({step.host for step in self.steps if step.changes})

    @property
    def unknown(self) -> int:
        """The number of things that are known only later."""
        return sum(len(step.unknown) for step in self.steps)

    @property
    def summary(self) -> dict[str, int]:
        """The counts, as in the JSON."""
        return {
            "changes": self.changes,
            "hosts": self.changed_hosts,
            "unknown": self.unknown,
            "differs": len(self.differs),
        }

    def as_json(self) -> dict[str, Any]:
        """The plan as JSON values."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "k8sboot": self.k8sboot,
            "created": self.created,
            "cluster": self.cluster,
            "hosts": [{"name": name, "address": address} for name, address in self.hosts.items()],
            "limit": None if self.limit is None else list(self.limit),
            "phases": list(self.phases),
            "inventory": dict(self.inventory),
            "steps": [asdict(step) for step in self.steps],
            "differs": [asdict(each) for each in self.differs],
            "failed": [asdict(failure) for failure in self.failed],
            "summary": self.summary,
        }
