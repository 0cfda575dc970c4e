"""Find the cause of a failed phase: gather evidence on the host and put the cause into the error.

A phase declares its diagnosis (`diagnosis=`); the runner calls it. It changes nothing, takes a bounded time, and
never fails: at worst the error stays as it was.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from k8sboot import runtime
from k8sboot.cluster import Cluster
from k8sboot.diagnosis.catalogue import (
    ABOUT_BOTH,
    ABOUT_DRIVERS,
    ABOUT_IMAGES,
    ABOUT_NODES,
    ABOUT_PACKAGES,
    ABOUT_RUNTIME,
)
from k8sboot.diagnosis.evidence import OUTPUT, PROXIES, HostEvidence, parse
from k8sboot.diagnosis.evidence import RUNTIME as RUNTIME_NAME
from k8sboot.diagnosis.finding import Catalogue, Finding, Seen
from k8sboot.diagnosis.script import TIMEOUT, Scope
from k8sboot.errors import Bug, CommandFailed, DeadlineExceeded, K8sbootError, NotAsWanted, StepFailed
from k8sboot.events import Evidence as EvidenceGathered
from k8sboot.events import Listener, Notice, Working
from k8sboot.host.peer import Peer
from k8sboot.inventory.model import Spec

GENERAL = frozenset(error.code for error in (StepFailed, CommandFailed, DeadlineExceeded, NotAsWanted))
"""Codes of errors that say that something failed, but not why. Refusals state their own reason."""
MARGIN = 10
"""Seconds of log to read from before the phase began: allows for clocks and rounding."""
MOST_SUSPECTS = 3
"""Other hosts to gather evidence from if the cluster failed as a whole."""
OTHERS = 3
"""Further findings that an error names after the best one."""


@dataclass(frozen=True)
class FailedPhase:
    """The failure: a phase on a host. seconds: since the phase began there."""

    cluster: Cluster
    host: Peer
    phase: str
    seconds: float
    emit: Listener


@dataclass(frozen=True)
class Diagnosis:
    """catalogue: the causes to look for. gathers: also run the evidence script on hosts."""

    catalogue: Catalogue
    gathers: bool = True

    def __call__(self, scene: FailedPhase, error: K8sbootError) -> None:
        """Add the findings to the error, unless it has a reason of its own."""
        if not isinstance(error, StepFailed) or error.error_code not in GENERAL:
            return
        try:
            found = self._findings(scene, error)
        except K8sbootError as trouble:
            _say_trouble(scene, str(trouble))
        except Exception as mistake:  # whatever goes wrong here, the failure itself must be reported
            _say_trouble(scene, str(Bug.of(mistake)))
        else:
            _enrich(error, found)

    def _findings(self, scene: FailedPhase, error: StepFailed) -> tuple[Finding, ...]:
        spec = scene.cluster.spec
        output = {**_step_output(error), PROXIES: "\n".join(spec.proxy.urls), RUNTIME_NAME: spec.runtime.name}
        if not self.gathers:
            return self.catalogue.examine([Seen(HostEvidence(output))])
        scene.emit(Working(host=scene.host.name, phase=scene.phase, what="look for the cause"))
        own = _evidence(scene, scene.host, output)
        suspects = _suspects(scene.cluster, own, scene.host)
        error.witnesses = (scene.host.name, *(peer.name for peer in suspects))
        others = [Seen(_evidence(scene, peer, {}).of_itself(), f"on {peer.name}: ") for peer in suspects]
        return self.catalogue.examine([Seen(own.of_now()), Seen(own.of_itself()), *others, Seen(own)])


def _step_output(error: StepFailed) -> dict[str, str]:
    """All output of the failed step. A command's own output comes last, where it is searched first."""
    output = error.output if isinstance(error, CommandFailed) else ""
    return {OUTPUT: "\n".join(part for part in (error.what, error.why, output or error.detail) if part)}


def _evidence(scene: FailedPhase, host: Peer, output: dict[str, str]) -> HostEvidence:
    """A host's evidence, with the cluster's from the first master; recorded as an event."""
    leader = scene.cluster.peers.get(scene.cluster.spec.masters[0].name)
    # what k8sboot knows by itself counts, whatever a host sends under the same name
    known = {"clock-offset": f"{host.clock_offset:.1f}", RUNTIME_NAME: scene.cluster.spec.runtime.name}
    found = HostEvidence({**_gathered(scene, host), **output, **known})
    if leader is not None and leader.name != host.name and output:
        found = found.joined_with(HostEvidence(_gathered(scene, leader, has_host=False)))
    scene.emit(EvidenceGathered(host=host.name, phase=scene.phase, text=found.text()))
    return found.without_past_events()


def _gathered(scene: FailedPhase, host: Peer, *, has_host: bool = True) -> dict[str, str]:
    scope = Scope(
        endpoint=scene.cluster.spec.cluster.control_plane_endpoint,
        registries=registries(scene.cluster.spec),
        since=int(scene.seconds) + MARGIN,
        runtime=runtime.of(scene.cluster.spec) if has_host else None,
        data_root=scene.cluster.spec.runtime.data_root,
    )
    try:
        return {k: v for k, v in parse(host.look_once(scope, timeout=TIMEOUT)).items() if v.strip()}
    except K8sbootError as trouble:
        _say_trouble(scene, f"{host.name}: {trouble.what}")
        return {}


def registries(spec: Spec) -> tuple[str, ...]:
    """HOST[:PORT] of every registry in the inventory, each once, in order."""
    mirrors = (url for each in spec.runtime.registries.values() for url in each.mirrors)
    of_runtime = (*spec.runtime.registry_mirrors, *mirrors)
    places = (spec.cluster.image_repository, spec.calico.image_repository, *of_runtime)
    hosts = ((place.partition("://")[2] or place).partition("/")[0] for place in places)
    return tuple(dict.fromkeys(host for host in hosts if re.search(r"[.:]", host)))


def _suspects(cluster: Cluster, seen: HostEvidence, host: Peer) -> list[Peer]:
    """Hosts that the cluster reports as unhealthy: not Ready, or with an unready Pod in kube-system."""
    unready = [row[1] for row in seen.lines(r"^([^|\s]+)\|.*\|?Ready=(?:False|Unknown)", "conditions")]
    for row in seen.lines(r"^kube-system +\S+ +(\d+)/(\d+) .* (\S+) +\S+ +\S+$", "pods"):
        unready += [row[3]] if row[1] != row[2] else []
    names = [name for name in dict.fromkeys(unready) if name != host.name and name in cluster.peers]
    return [cluster.peers[name] for name in names[:MOST_SUSPECTS]]


def _enrich(error: StepFailed, found: tuple[Finding, ...]) -> None:
    """The best finding becomes the error's cause and cure; the others are listed; the original reason stays."""
    if not found:
        return
    best, *others = found
    also = [f"also: {f.cause} [{f.code}]" for f in others[:OTHERS]]
    seen = [f"reported as: {error.why}"] if error.why else []
    error.error_code = best.code
    error.why = "\n".join([best.cause, *also, *seen])
    error.fix = best.cure


def _say_trouble(scene: FailedPhase, what: str) -> None:
    text = f"could not gather all evidence of the failure: {what}"
    scene.emit(Notice(host=scene.host.name, phase=scene.phase, code="KB-EVIDENCE", text=text))


PACKAGES = Diagnosis(ABOUT_PACKAGES, gathers=False)
"""For phases that install packages."""
NODES = Diagnosis(ABOUT_NODES)
"""For phases that depend on kubeadm, kubelet, the runtime or the cluster."""
RUNTIME = Diagnosis(ABOUT_RUNTIME)
"""For the phase that installs and starts the runtime."""
DRIVERS = Diagnosis(ABOUT_DRIVERS, gathers=False)
"""For the phase that compares the cgroup drivers."""
IMAGES = Diagnosis(ABOUT_IMAGES)
"""For the phase that pulls images."""
KERNEL = Diagnosis(ABOUT_BOTH)
"""For phases that install a kernel, and wait for the cluster after the reboot."""
