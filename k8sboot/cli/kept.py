"""A plan that was kept in a file, for `k8sboot up --plan`."""

from __future__ import annotations

from dataclasses import dataclass

from k8sboot.cli.masking import redactor
from k8sboot.errors import UsageError
from k8sboot.inventory.model import Spec
from k8sboot.phase import Phase
from k8sboot.plans import Document, PlanComparison, Recorder, inventory_changed, read_plan
from k8sboot.run.session import RunRequest
from k8sboot.runbook import UP


@dataclass(frozen=True)
class KeptPlan:
    """The plan and where it lies. Everything in here happens before the first connection."""

    path: str
    document: Document

    @classmethod
    def read(cls, path: str, *, is_dry: bool, is_repeated: bool) -> KeptPlan:
        """The plan in the file; UsageError where it cannot be carried out."""
        if is_dry or is_repeated:
            raise UsageError(
                f"--plan and {'--dry-run' if is_dry else '--failed'} contradict each other",
                why="a plan is there to be carried out",
                fix="leave one of them out; `k8sboot plan` plans anew",
            )
        document = read_plan(path)
        if document.failed:
            raise UsageError(f"the plan in {path} is not complete", fix="plan anew", code="KB-PLAN-FILE")
        return cls(path, document)

    def phases(self, said: tuple[Phase, ...] | None) -> tuple[Phase, ...]:
        """Those of the plan. said: those of the command line, where it says any; UsageError where they are others."""
        names = self.document.phases
        strange = set(names) - {phase.name for phase in UP}
        if strange:
            raise UsageError(
                f"the plan in {self.path} has phases that are not known here: {', '.join(sorted(strange))}",
                why=f"k8sboot {self.document.k8sboot} made it",
                fix="plan anew",
                code="KB-PLAN-FILE",
            )
        if said is not None and {phase.name for phase in said} != set(names):
            raise UsageError(
                "--from, --to and --skip contradict the plan",
                why=f"it is for {', '.join(names)}",
                fix="leave them out: the plan's phases are run",
            )
        return tuple(phase for phase in UP if phase.name in names)

    def limit(self, spec: Spec, said: frozenset[str] | None) -> frozenset[str] | None:
        """Those of the plan. said: those of the command line; UsageError where they are others."""
        wanted = None if self.document.limit is None else frozenset(self.document.limit)
        if self.document.cluster != spec.cluster.name:
            raise UsageError(
                f"the plan in {self.path} is for another cluster",
                why=f"it is for {self.document.cluster}, and the inventory describes {spec.cluster.name}",
                fix="name the inventory of that cluster with -i, or plan anew",
                code="KB-PLAN-FILE",
            )
        if said is not None and said != wanted:
            raise UsageError(
                "--limit contradicts the plan",
                why=f"it is for {', '.join(sorted(wanted)) if wanted else 'all hosts'}",
                fix="leave it out: the plan's hosts are worked on",
            )
        return wanted

    def check(self, spec: Spec, plan: RunRequest) -> PlanComparison:
        """What plans anew and compares before the run. Refused where the inventory already says otherwise."""
        changed = inventory_changed(self.document, spec)
        if changed:
            raise changed
        recorder = Recorder(plan.hosts(spec), self.document.phases, redactor(spec))
        return PlanComparison(self.document, recorder)
