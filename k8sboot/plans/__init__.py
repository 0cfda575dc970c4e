"""A dry run as a document: recorded, saved to a file, and compared with a new dry run."""

from k8sboot.plans.document import Change, Differing, Document, Failure, Open, Step
from k8sboot.plans.file import read_plan, write_plan
from k8sboot.plans.inventory import digests
from k8sboot.plans.outdated import PlanComparison, inventory_changed, scope_changed
from k8sboot.plans.recorder import Recorder

__all__ = [
    "Change",
    "Differing",
    "PlanComparison",
    "Document",
    "Failure",
    "Open",
    "Recorder",
    "Step",
    "digests",
    "inventory_changed",
    "read_plan",
    "scope_changed",
    "write_plan",
]
