"""What the probe costs a host of the lab that is prepared to Kubernetes' packages, over a login with an empty command.

kubelet does not run there yet: it and its Pods start processes that nobody could tell from the probe's.
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

from bench import lab
from bench.controller import Controller
from bench.host_meter import Meter, outside, spent_by
from bench.lab import LabHost
from bench.part import Part
from bench.raw import Raw
from bench.sizes import Sizes
from bench.spending import spend
from bench.turns import in_turn

LAST = "kube-packages"
REPEATS = 4
"""Runs in each turn: processor time is counted in hundredths of a second."""


def measure(raw: Raw, sizes: Sizes) -> None:
    """Of the last node, whose user becomes root by sudo, without a password."""
    with tempfile.TemporaryDirectory(prefix="k8sboot-bench-") as made:
        controller = Controller(Path(made))
        lab.reset()
        _run(controller, controller.k8sboot("up", controller.inventory(), "--yes", "--to", LAST))
        node = lab.found()[-1]
        meter = Meter(node.init, _sshd(node))
        plan = controller.k8sboot("plan", controller.inventory(), "--to", LAST)
        bare = ["ssh", "-F", str(controller.ssh_config()), node.name, "sudo -n true"]
        contenders = {
            "plan": partial(spent_by, meter, partial(_run, controller, plan), REPEATS),
            "ssh, sudo true": partial(spent_by, meter, partial(_run, controller, bare), REPEATS),
        }
        in_turn(raw, contenders, sizes.pairs)
    raw.notes.append("containerd and chrony run on the host, kubelet does not yet")


def _run(controller: Controller, command: list[str]) -> None:
    spend(command, folder=controller.folder, environ=controller.environ())


def _sshd(node: LabHost) -> int:
    """The process on this machine that waits for the sessions of a host."""
    said = lab.inside(node.name, "systemctl", "show", "--property=MainPID", "--value", "ssh.service")
    return outside(node.init, int(said))


PART = Part("probe-prepared", "the probe of a prepared host of the lab", measure, where="lab")
