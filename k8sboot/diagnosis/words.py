"""A cause that one line of the evidence tells: a row of a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from k8sboot.diagnosis.evidence import OUTPUT, Evidence
from k8sboot.diagnosis.finding import Finding, told

KUBELET = ("kubelet-errors", "kubelet-tail")
SAID = (OUTPUT,)


def kubelet_fails(evidence: Evidence) -> bool:
    """kubelet does not stay up now. One that runs on, or was stopped, has got over what its log tells of before."""
    state = evidence.find(r"^ActiveState=(\S+)", "kubelet-unit")
    if not state:
        return True
    if state[1] == "active":  # it may be in the second before it ends again
        return evidence["kubelet-errors"].rstrip().rpartition("\n")[2].startswith("kubelet.service:")
    return state[1] != "inactive"


@dataclass(frozen=True)
class Words:
    """pattern: its named groups may stand in cause and cure as {name}. where: the sections that are looked at.

    only_if: what else must be the case.
    """

    code: str
    pattern: str
    cause: str
    cure: str
    where: tuple[str, ...] = (OUTPUT,)
    only_if: Callable[[Evidence], bool] = lambda _evidence: True

    def __call__(self, evidence: Evidence) -> Finding | None:
        """What the last such line says."""
        found = evidence.find(self.pattern, *self.where)
        if not found or not self.only_if(evidence):
            return None
        values = {name: told(value or "") for name, value in found.groupdict().items()}
        return Finding(self.code, self.cause.format(**values), self.cure.format(**values))
