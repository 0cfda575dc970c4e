"""A cause that one line of the evidence tells: a row of a table."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from k8sboot.diagnosis.evidence import OUTPUT, HostEvidence
from k8sboot.diagnosis.finding import Finding, told

KUBELET = ("kubelet-errors", "kubelet-tail")
SAID = (OUTPUT,)
_URL = re.compile(r"(?:https?|ftp)://[^\s'\"\]]+")


def kubelet_fails(evidence: HostEvidence) -> bool:
    """kubelet does not stay up now. One that runs on, or was stopped, has got over what its log tells of before."""
    state = evidence.find(r"^ActiveState=(\S+)", "kubelet-unit")
    if not state:
        return True
    if state[1] == "active":  # it may be in the second before it ends again
        return evidence["kubelet-errors"].rstrip().rpartition("\n")[2].startswith("kubelet.service:")
    return state[1] != "inactive"


@dataclass(frozen=True)
class LogPattern:
    """patterns: tried in turn; their named groups may stand in cause and cure as {name}, '' where there is none.

    {url} is the first address in the line where no group is called so. where: the sections that are looked at.
    only_if: what else must be the case.
    """

    code: str
    patterns: str | tuple[str, ...]
    cause: str
    cure: str
    where: tuple[str, ...] = (OUTPUT,)
    only_if: Callable[[HostEvidence], bool] = lambda _evidence: True

    def __call__(self, evidence: HostEvidence) -> Finding | None:
        """What the last such line says."""
        patterns = (self.patterns,) if isinstance(self.patterns, str) else self.patterns
        found = next((match for p in patterns if (match := evidence.find(p, *self.where))), None)
        if not found or not self.only_if(evidence):
            return None
        address = _URL.search(found.string)
        groups = {"url": address[0] if address else "", **found.groupdict()}
        values = defaultdict(str, {name: told(value or "") for name, value in groups.items()})
        return Finding(self.code, self.cause.format_map(values).strip(" :"), self.cure.format_map(values))
