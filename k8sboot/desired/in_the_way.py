"""Programs and units of an earlier installation, by hand or by another tool, that win over the packages'."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from k8sboot import runtime
from k8sboot.host.peer import Peer
from k8sboot.host.reads import Question, Reads
from k8sboot.inventory.model import Spec
from k8sboot.scripts import render


def reads(spec: Spec) -> Reads:
    """What in_the_way reads on a host."""
    return Reads(questions=(_question(spec),))


def in_the_way(spec: Spec, host: Peer) -> Iterator[str]:
    """What would run in place of the packages' programs, and how it goes."""
    programs = _programs(spec)
    for line in host.answer(_question(spec)).text.splitlines():
        kind, _, rest = line.partition(" ")
        file, _, program = rest.partition(" ")
        unit = file.rpartition("/")[2]
        if kind == "program":
            yield f"{file} wins over the package's kubeadm: move it away"
        elif program and program != programs.get(unit, program):
            yield (
                f"{file} wins over the package's unit and starts {program}, not {programs[unit]}: stop {unit}, and "
                "move the file away"
            )


def _programs(spec: Spec) -> Mapping[str, str]:
    return {"kubelet.service": "/usr/bin/kubelet", **runtime.of(spec).programs}


def _question(spec: Spec) -> Question:
    return Question(
        "programs-in-the-way", render("programs-in-the-way", UNITS=" ".join(_programs(spec))), shares=True
    )
