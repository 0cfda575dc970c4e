"""When a phase has failed on a host: the evidence is gathered there, and the cause it tells goes into the error.

A phase declares which of these is for it (`autopsy=`); the runner calls it. It changes nothing, takes a bounded
time, and never fails: at worst the error stays as it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from k8sboot.cluster import Cluster
from k8sboot.diagnosis.catalogue import ABOUT_BOTH, ABOUT_NODES, ABOUT_PACKAGES
from k8sboot.diagnosis.evidence import OUTPUT, HostEvidence, parse
from k8sboot.diagnosis.finding import Catalogue, Finding, Seen
from k8sboot.diagnosis.script import TIMEOUT, Scope, script
from k8sboot.errors import Bug, CommandFailed, DeadlineExceeded, K8sbootError, NotAsWanted, StepFailed
from k8sboot.events import Evidence as EvidenceGathered
from k8sboot.events import Listener, Notice, Working
from k8sboot.host.peer import Peer
from k8sboot.inventory.model import Spec

GENERAL = frozenset(error.code for error in (StepFailed, CommandFailed, DeadlineExceeded, NotAsWanted))
"""Codes of errors that say that something failed, and not why. What was refused says so itself."""
MARGIN = 10
"""Seconds before a phase began from which on logs are read: clocks and rounding."""
MOST_SUSPECTS = 3
"""Other machines that are asked, too, where the failure is one of the cluster."""
OTHERS = 3
"""Findings beside the best one that an error names."""


@dataclass(frozen=True)
class FailedPhase:
    """What failed: a phase on a host, so many seconds after it had begun there."""

    cluster: Cluster
    host: Peer
    phase: str
    seconds: float
    emit: Listener


@dataclass(frozen=True)
class Diagnosis:
    """catalogue: what is looked for. gathers: hosts are asked; else the step's own words must do."""

    catalogue: Catalogue
    gathers: bool = True

    def __call__(self, scene: FailedPhase, error: K8sbootError) -> None:
        """Put what is found into the error, where that has no reason of its own yet."""
        if not isinstance(error, StepFailed) or error.error_code not in GENERAL:
            return
        try:
            found = self._findings(scene, error)
        except K8sbootError as trouble:
            _say_trouble(scene, str(trouble))
        except Exception as mistake:  # whatever evidence does to us, the failure itself must be told
            _say_trouble(scene, str(Bug.of(mistake)))
        else:
            _enrich(error, found)

    def _findings(self, scene: FailedPhase, error: StepFailed) -> tuple[Finding, ...]:
        said = _said(error)
        if not self.gathers:
            return self.catalogue.examine([Seen(HostEvidence(said))])
        scene.emit(Working(host=scene.host.name, phase=scene.phase, what="find out why"))
        own = _evidence(scene, scene.host, said)
        suspects = _suspects(scene.cluster, own, scene.host)
        error.witnesses = (scene.host.name, *(peer.name for peer in suspects))
        others = [Seen(_evidence(scene, peer, {}), f"on {peer.name}: ") for peer in suspects]
        return self.catalogue.examine([Seen(own.of_now()), Seen(own), *others])


def _said(error: StepFailed) -> dict[str, str]:
    """All that the failed step said. A command's own output comes last, where it is looked at first."""
    output = error.output if isinstance(error, CommandFailed) else ""
    return {OUTPUT: "\n".join(part for part in (error.what, error.why, output or error.detail) if part)}


def _evidence(scene: FailedPhase, host: Peer, said: dict[str, str]) -> HostEvidence:
    """What a host tells, with what the first master tells of the cluster; kept as an event."""
    leader = scene.cluster.peers.get(scene.cluster.spec.masters[0].name)
    sections = {**said, **_gathered(scene, host), "clock-offset": f"{host.clock_offset:.1f}"}
    found = HostEvidence(sections)
    if leader is not None and leader.name != host.name and said:
        found = found.joined_with(HostEvidence(_gathered(scene, leader, has_host=False)))
    scene.emit(EvidenceGathered(host=host.name, phase=scene.phase, text=found.text()))
    return found


def _gathered(scene: FailedPhase, host: Peer, *, has_host: bool = True) -> dict[str, str]:
    scope = Scope(
        endpoint=scene.cluster.spec.cluster.control_plane_endpoint,
        registries=tuple(dict.fromkeys(_registries(scene.cluster.spec))),
        since=int(scene.seconds) + MARGIN,
        has_host=has_host,
    )
    try:
        return {k: v for k, v in parse(host.look_once(script(scope), timeout=TIMEOUT)).items() if v.strip()}
    except K8sbootError as trouble:
        _say_trouble(scene, f"{host.name}: {trouble.what}")
        return {}


def _registries(spec: Spec) -> Iterator[str]:
    """HOST[:PORT] of every registry that the inventory names."""
    for place in (
        spec.cluster.image_repository,
        spec.calico.image_repository,
        *spec.runtime.registry_mirrors,
    ):
        host = place.partition("://")[2] or place
        host = host.partition("/")[0]
        if re.search(r"[.:]", host):
            yield host


def _suspects(cluster: Cluster, seen: HostEvidence, host: Peer) -> list[Peer]:
    """Machines that the cluster says are not well: not Ready, or with a pod of the system that is not."""
    unready = [row[1] for row in seen.lines(r"^([^|\s]+)\|.*\|?Ready=(?:False|Unknown)", "conditions")]
    for row in seen.lines(r"^kube-system +\S+ +(\d+)/(\d+) .* (\S+) +\S+ +\S+$", "pods"):
        unready += [row[3]] if row[1] != row[2] else []
    names = [name for name in dict.fromkeys(unready) if name != host.name and name in cluster.peers]
    return [cluster.peers[name] for name in names[:MOST_SUSPECTS]]


def _enrich(error: StepFailed, found: tuple[Finding, ...]) -> None:
    """The best finding becomes the error's cause and cure; the others are named; what was seen stays."""
    if not found:
        return
    best, *others = found
    also = [f"also: {f.cause} [{f.code}]" for f in others[:OTHERS]]
    seen = [f"seen as: {error.why}"] if error.why else []
    error.error_code = best.code
    error.why = "\n".join([best.cause, *also, *seen])
    error.fix = best.cure


def _say_trouble(scene: FailedPhase, what: str) -> None:
    text = f"what failed could not be looked into to the end: {what}"
    scene.emit(Notice(host=scene.host.name, phase=scene.phase, code="KB-EVIDENCE", text=text))


PACKAGES = Diagnosis(ABOUT_PACKAGES, gathers=False)
"""For phases that install packages."""
NODES = Diagnosis(ABOUT_NODES)
"""For phases in which kubeadm, kubelet, the runtime or the cluster must do something."""
RUNTIME = Diagnosis(ABOUT_BOTH)
"""For the phase that does both."""
