"""What a run is asked to do."""

from __future__ import annotations

from dataclasses import dataclass

from k8sboot.inventory.model import HostSpec, Spec
from k8sboot.phase import Phase
from k8sboot.run.plan_check import PlanCheck
from k8sboot.run.runner import Options


@dataclass(frozen=True)
class RunRequest:
    """What a run is asked to do. limit: names of the hosts it is about, None for all.

    rehearsal: has to agree, after a dry run, before anything is altered.
    """

    command: str
    phases: tuple[Phase, ...]
    limit: frozenset[str] | None = None
    options: Options = Options()
    plan_check: PlanCheck | None = None

    def hosts(self, spec: Spec) -> tuple[HostSpec, ...]:
        """The hosts to connect to: those of the limit, and the first master, which answers for the cluster."""
        first = spec.masters[0].name
        return tuple(h for h in spec.hosts if self.limit is None or h.name in self.limit or h.name == first)
