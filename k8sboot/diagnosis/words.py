"""A cause that one line of the evidence shows: a row of a table."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from k8sboot.diagnosis.evidence import OUTPUT, HostEvidence
from k8sboot.diagnosis.finding import Finding, cure, excerpt

KUBELET = ("kubelet-errors", "kubelet-tail")
STEP_OUTPUT = (OUTPUT,)
_URL = re.compile(r"(?:https?|ftp)://[^\s'\"\]]+")


def kubelet_fails(evidence: HostEvidence) -> bool:
    """Whether kubelet keeps failing now. If it is active or was stopped, errors in its log are in the past."""
    state = evidence.find(r"^ActiveState=(\S+)", "kubelet-unit")
    if not state:
        return True
    if state[1] == "active":  # it may be about to exit again
        return evidence["kubelet-errors"].rstrip().rpartition("\n")[2].startswith("kubelet.service:")
    return state[1] != "inactive"


@dataclass(frozen=True)
class LogPattern:
    """patterns: tried in turn; their named groups fill {name} in cause and cure, '' if unmatched.

    {url} is the first URL in the line if no group has that name. where: the sections to search.
    only_if: a further condition. yields_to: see Finding.
    """

    code: str
    patterns: str | tuple[str, ...]
    cause: str
    cure: str
    where: tuple[str, ...] = (OUTPUT,)
    only_if: Callable[[HostEvidence], bool] = lambda _evidence: True
    yields_to: tuple[str, ...] = ()

    def __call__(self, evidence: HostEvidence) -> Finding | None:
        """The finding for the last line that matches."""
        patterns = (self.patterns,) if isinstance(self.patterns, str) else self.patterns
        found = next((match for p in patterns if (match := evidence.find(p, *self.where))), None)
        if not found or not self.only_if(evidence):
            return None
        address = _URL.search(found.string)
        groups = {"url": address[0] if address else "", **found.groupdict()}
        values = defaultdict(str, {name: excerpt(value or "") for name, value in groups.items()})
        cause = self.cause.format_map(values).strip(" :")
        return Finding(self.code, cause, cure(self.cure, values), self.yields_to)
