"""A fresh `up` of three bare hosts, beside a parallel shell script over OpenSSH that knows everything beforehand."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from bench import lab
from bench.controller import Controller
from bench.end_state import EndState, differences
from bench.part import Part
from bench.places import K8SBOOT
from bench.raw import Raw
from bench.recipe import Recipe, end_state_of, recipe_of
from bench.rivals import by_hand
from bench.sizes import Sizes
from bench.spending import spend
from bench.turns import in_turn

SHOWN = 12
"""Differences that are listed."""


def measure(raw: Raw, sizes: Sizes) -> None:
    """The first `up` teaches the script; the turns' first, which do not count, are compared and drawn."""
    with tempfile.TemporaryDirectory(prefix="k8sboot-bench-") as made:
        controller = Controller(Path(made))
        lab.reset()
        bare = {host.name: end_state_of(host) for host in lab.found()}
        _up(controller)
        recipes = [
            recipe_of(host, bare[host.name], end_state_of(host), controller.folder / "known")
            for host in lab.found()
        ]
        made_by_k8sboot = _state()
        by_hand.know(recipes, controller.folder / "hand")
        _by_hand(controller, recipes)
        _compare(raw, made_by_k8sboot, _state())
        contenders = {"k8sboot": partial(_up, controller), "by hand": partial(_by_hand, controller, recipes)}
        in_turn(raw, contenders, sizes.pairs)
        raw.extra["timeline"] = _timeline(controller)
    raw.notes.append(
        "each run begins with three bare hosts and ends when all Pods are ready and all nodes have metrics"
    )
    raw.notes.append("the script checks nothing, takes no lock, keeps no journal and cannot be run again")


def _up(controller: Controller) -> dict[str, float]:
    lab.reset()
    command = controller.k8sboot("up", controller.inventory(), "--yes")
    spent = spend(command, folder=controller.folder, environ=controller.environ())
    return {"s": spent.seconds, "s of CPU": spent.cpu}


def _by_hand(controller: Controller, recipes: Sequence[Recipe]) -> dict[str, float]:
    lab.reset()
    command = by_hand.command(recipes, controller.ssh_config(), controller.folder / "hand")
    spent = spend(command, folder=controller.folder, environ=controller.environ())
    return {"s": spent.seconds, "s of CPU": spent.cpu}


def _state() -> dict[str, EndState]:
    """Of each host, but for what kubeadm makes anew for every cluster."""
    return {host.name: end_state_of(host).without("/etc/kubernetes/", "/etc/cni/") for host in lab.found()}


def _compare(raw: Raw, ours: dict[str, EndState], theirs: dict[str, EndState]) -> None:
    for name, state in ours.items():
        unlike = differences(state, theirs[name])
        count = len(state.files) + len(state.packages)
        raw.same_work.append(
            f"end state of {name} by hand: {len(unlike)} of {count} files and packages differ from k8sboot's"
            + "".join(f"; {each}" for each in unlike[:SHOWN])
        )


def _timeline(controller: Controller) -> object:
    """Of the last `up`, as k8sboot's journal has it."""
    command = [str(K8SBOOT), "history", "latest", "--timeline", "-o", "json"]
    said = spend(command, folder=controller.folder, environ=controller.environ()).stdout
    return json.loads(said)["timeline"]


PART = Part("fresh-up", "a fresh `up` of three hosts beside a shell script", measure, where="lab")
