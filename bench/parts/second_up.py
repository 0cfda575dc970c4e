"""A whole second `up` of three hosts: its seconds, and, behind relays, what its hosts are asked and send."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

from bench import lab
from bench.controller import Controller
from bench.links import Relay, relays, traffic
from bench.part import Part
from bench.places import PYTHON
from bench.raw import Raw
from bench.sizes import Sizes
from bench.spending import spend
from bench.turns import in_turn

DELAY = 100
"""Milliseconds there and back: longer than a server takes between two messages, which would count twice."""


def measure(raw: Raw, sizes: Sizes) -> None:
    """On a finished cluster."""
    with tempfile.TemporaryDirectory(prefix="k8sboot-bench-") as made:
        controller = Controller(Path(made))
        near = controller.inventory()
        spend(controller.k8sboot("up", near, "--yes"), folder=controller.folder, environ=controller.environ())
        ends = {host.name: (host.address, 22) for host in lab.found()}
        with relays(ends, milliseconds=DELAY, at="127.0.0.1") as found:
            far = controller.inventory(found)
            contenders = {
                "python -c pass": partial(_python, controller),
                "k8sboot": partial(_seconds, controller, near),
                "k8sboot, far": partial(_traffic, controller, far, found),
            }
            in_turn(raw, contenders, sizes.pairs)
    raw.same_work.append("every second `up` reported 0 changed")
    raw.notes.append(f"far: each host behind a relay, {DELAY} ms there and back, which counts")


def _python(controller: Controller) -> dict[str, float]:
    spent = spend([str(PYTHON), "-c", "pass"], folder=controller.folder, environ=controller.environ())
    return {"s": spent.seconds}


def _seconds(controller: Controller, inventory: Path) -> dict[str, float]:
    command = controller.k8sboot("up", inventory, "--yes")
    spent = spend(command, folder=controller.folder, environ=controller.environ(), is_watched=True)
    assert "\n0 changed" in spent.stderr, spent.stderr
    return {"s": spent.seconds, "s of CPU": spent.cpu, "MiB": spent.memory / 1024}


def _traffic(controller: Controller, inventory: Path, found: dict[str, Relay]) -> dict[str, float]:
    before = {name: traffic(relay) for name, relay in found.items()}
    _seconds(controller, inventory)
    figures: dict[str, float] = {}
    for number, (name, relay) in enumerate(found.items()):
        went = traffic(relay).since(before[name])
        kind = "first master" if number == 0 else name
        figures[f"round trips, {kind}"] = went.round_trips
        figures[f"kB received, {kind}"] = went.received / 1000
        figures[f"kB sent, {kind}"] = went.sent / 1000
    return figures


PART = Part("second-up", "a whole second `up` of three hosts", measure, where="lab")
