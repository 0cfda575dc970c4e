"""Recorded evidence, and a look at it as an autopsy takes it."""

from __future__ import annotations

from pathlib import Path

from k8sboot.diagnosis.catalogue import ABOUT_NODES
from k8sboot.diagnosis.evidence import HostEvidence
from k8sboot.diagnosis.finding import Catalogue, Finding, Seen

RECORDED = Path(__file__).parent / "recorded"


def read(name: str) -> dict[str, str]:
    """The sections of a recorded piece of evidence."""
    parts = (RECORDED / f"{name}.txt").read_text().split("==== ")[1:]
    return {part.partition("\n")[0]: part.partition("\n")[2] for part in parts}


def look(sections: dict[str, str], catalogue: Catalogue = ABOUT_NODES) -> tuple[Finding, ...]:
    """What is found, best first."""
    evidence = HostEvidence(sections)
    return catalogue.examine([Seen(evidence.of_now()), Seen(evidence)])
