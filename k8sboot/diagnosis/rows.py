"""Why a row of the smoke test failed: what it saw, and what the cluster and its hosts say of themselves then."""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property

from k8sboot.cluster import Cluster
from k8sboot.diagnosis.catalogue import ABOUT_ROWS
from k8sboot.diagnosis.evidence import OUTPUT, RUNTIME, HostEvidence, parse
from k8sboot.diagnosis.finding import Finding, Seen
from k8sboot.diagnosis.script import TIMEOUT, Scope
from k8sboot.errors import K8sbootError

ROW = "row"
"""The section that holds the row's name."""
LINKS = "links"
"""The section that holds the interfaces of every host: HOST NAME MTU."""
_LINKS = r"ip -o link | sed -n 's/^[0-9]*: \([^:@ ]*\)[^:]*: .* mtu \([0-9]*\) .*/\1 \2/p'"


class Examination:
    """Gathers what the rows of one test need, once, and only if one failed."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def __call__(self, row: str, problem: str) -> Finding:
        """The cause and the cure of a row's problem; without a cause if the catalogue has none for it."""
        evidence = HostEvidence({**self._sections, ROW: row, OUTPUT: problem})
        found = ABOUT_ROWS.examine([Seen(evidence)])
        return found[0] if found else _unknown(row)

    @cached_property
    def _sections(self) -> dict[str, str]:
        found: dict[str, str] = {}
        with suppress(K8sbootError):
            said = self._cluster.first_master.look_once(Scope(), timeout=TIMEOUT)
            found = {name: text for name, text in parse(said).items() if text.strip()}
        return {**found, RUNTIME: self._cluster.spec.runtime.name, LINKS: "\n".join(self._links())}

    def _links(self) -> list[str]:
        lines: list[str] = []
        for peer in self._cluster.everyone:
            with suppress(K8sbootError):
                said = peer.ask(("sh", "-c", _LINKS, "smoke-links"), timeout=20).text
                lines += [f"{peer.name} {line}" for line in said.splitlines()]
        return lines


def _unknown(row: str) -> Finding:
    return Finding(
        "KB-SMOKE",
        "",
        f"find the cause with `kubectl get pods,events -A -o wide` on the first master, then run `k8sboot smoke --only "
        f"{row}` again",
    )
