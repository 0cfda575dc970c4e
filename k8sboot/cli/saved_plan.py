"""A plan saved in a file, for `k8sboot up --plan`."""

from __future__ import annotations

from dataclasses import dataclass

from k8sboot.cli.masking import redactor
from k8sboot.errors import UsageError
from k8sboot.inventory.model import Spec
from k8sboot.phase import Phase
from k8sboot.plans import Document, PlanComparison, Recorder, inventory_changed, read_plan, scope_changed
from k8sboot.run.session import RunRequest
from k8sboot.runbook import UP


@dataclass(frozen=True)
class SavedPlan:
    """A plan and the path of its file. All checks here precede the first connection."""

    path: str
    document: Document

    @classmethod
    def read(cls, path: str, *, sha256: str = "", is_dry: bool, is_repeated: bool) -> SavedPlan:
        """The plan in the file; UsageError where it cannot be applied."""
        if is_dry or is_repeated:
            raise UsageError(
                f"--plan and {'--dry-run' if is_dry else '--failed'} contradict each other",
                why="`up --plan` applies a plan",
                fix="remove one of them; `k8sboot plan` makes a new plan",
            )
        document = read_plan(path, sha256=sha256)
        if document.failed:
            raise UsageError(
                f"the plan in {path} is incomplete",
                fix="run `k8sboot plan --out FILE` again",
                code="KB-PLAN-FILE",
            )
        return cls(path, document)

    def phases(self, chosen: tuple[Phase, ...] | None) -> tuple[Phase, ...]:
        """The plan's phases. chosen: those of the command line, if any; UsageError where they differ."""
        names = self.document.phases
        unknown = set(names) - {phase.name for phase in UP}
        if unknown:
            raise UsageError(
                f"the plan in {self.path} has unknown phases: {', '.join(sorted(unknown))}",
                why=f"it was made by k8sboot {self.document.k8sboot}",
                fix="run `k8sboot plan --out FILE` again",
                code="KB-PLAN-FILE",
            )
        if chosen is not None and {phase.name for phase in chosen} != set(names):
            raise UsageError(
                "--from, --to and --skip contradict the plan",
                why=f"it is for {', '.join(names)}",
                fix="remove them: the plan's phases are run",
            )
        return tuple(phase for phase in UP if phase.name in names)

    def limit(self, spec: Spec, chosen: frozenset[str] | None) -> frozenset[str] | None:
        """The plan's hosts. chosen: those of --limit; UsageError where they differ."""
        wanted = None if self.document.limit is None else frozenset(self.document.limit)
        if self.document.cluster != spec.cluster.name:
            raise UsageError(
                f"the plan in {self.path} is for another cluster",
                why=f"it is for {self.document.cluster}, and the inventory describes {spec.cluster.name}",
                fix="name that cluster's inventory with -i, or run `k8sboot plan --out FILE` again",
                code="KB-PLAN-FILE",
            )
        if chosen is not None and chosen != wanted:
            raise UsageError(
                "--limit contradicts the plan",
                why=f"it is for {', '.join(sorted(wanted)) if wanted else 'all hosts'}",
                fix="remove it: the plan's hosts are used",
            )
        return wanted

    def check(self, spec: Spec, plan: RunRequest) -> PlanComparison:
        """The comparison with a new plan before the run. Refused where the inventory, hosts or phases are others."""
        hosts, phases = plan.hosts(spec), [phase.name for phase in plan.phases]
        changed = inventory_changed(self.document, spec) or scope_changed(
            self.document, {host.name: host.address for host in hosts}, phases
        )
        if changed:
            raise changed
        recorder = Recorder(hosts, phases, redactor(spec))
        return PlanComparison(self.document, recorder)
