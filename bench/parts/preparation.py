"""The second run of a host's preparation to Kubernetes' packages, beside Ansible and pyinfra with perfect knowledge.

k8sboot prepares three bare hosts. Two of them are made bare again, and Ansible and pyinfra prepare one each by what was
found there; the end states are compared. Then all three run again in turn on all prepared hosts, near and far.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from bench import lab, python_for_hosts
from bench.controller import Controller
from bench.end_state import EndState, differences
from bench.links import relays
from bench.part import Part
from bench.raw import Raw
from bench.recipe import Recipe, end_state_of, recipe_of
from bench.rivals import preparing
from bench.rivals.preparing import Run
from bench.sizes import Sizes
from bench.spending import spend
from bench.turns import Measure, in_turn

LAST = "kube-packages"
Contender = Callable[[Sequence[Recipe], Path, Path], Run]
CONTENDERS: dict[str, tuple[Contender, Callable[[str], int]]] = {
    "Ansible": (preparing.ansible, preparing.ansible_changes),
    "pyinfra": (preparing.pyinfra, preparing.pyinfra_changes),
}
DOES_MORE = (
    "k8sboot also makes its preflight checks, takes its lock, and verifies modules, sysctls and repositories"
)
SHOWN = 12
"""Differences that are listed."""


def measure(raw: Raw, sizes: Sizes) -> None:
    """End states, then second runs."""
    with tempfile.TemporaryDirectory(prefix="k8sboot-bench-") as made:
        controller = Controller(Path(made))
        recipes, prepared = _recipes(controller)
        _compare_end_states(raw, controller, recipes, prepared)
        _k8sboot(controller, controller.inventory())
        ends = {host.name: (host.address, 22) for host in lab.found()}
        for delay in sizes.delays:
            with relays(ends, milliseconds=delay, at="127.0.0.1") as found:
                config, inventory = controller.ssh_config(found), controller.inventory(found)
                in_turn(raw, _second_runs(controller, recipes, config, inventory, delay), sizes.pairs)
    raw.same_work.append("second runs: k8sboot, Ansible and pyinfra all reported 0 changed, each time")
    raw.notes.append(
        f"through relays, also with 0 ms; {DOES_MORE}; "
        "Ansible is without mitogen, its connections and facts stay from run to run"
    )


def _recipes(controller: Controller) -> tuple[list[Recipe], dict[str, EndState]]:
    """What k8sboot makes of three bare hosts."""
    lab.reset()
    bare = {host.name: end_state_of(host) for host in lab.found()}
    _k8sboot(controller, controller.inventory())
    prepared = {host.name: end_state_of(host) for host in lab.found()}
    return [
        recipe_of(host, bare[host.name], prepared[host.name], controller.folder) for host in lab.found()
    ], prepared


def _k8sboot(controller: Controller, inventory: Path) -> None:
    command = controller.k8sboot("up", inventory, "--yes", "--to", LAST)
    spend(command, folder=controller.folder, environ=controller.environ())


def _compare_end_states(
    raw: Raw, controller: Controller, recipes: Sequence[Recipe], prepared: dict[str, EndState]
) -> None:
    """Each rival makes one bare host what k8sboot made of it."""
    for (name, (contender, _)), recipe in zip(CONTENDERS.items(), reversed(recipes), strict=False):
        lab.reset(recipe.name)
        host = next(each for each in lab.found() if each.name == recipe.name)
        python_for_hosts.install(host, controller.folder)
        run = contender([recipe], controller.ssh_config(), controller.folder)
        spend(run.command, folder=controller.folder, environ={**controller.environ(), **dict(run.environ)})
        unlike = differences(prepared[recipe.name], end_state_of(host))
        count = len(prepared[recipe.name].files) + len(prepared[recipe.name].packages)
        raw.same_work.append(
            f"end state of {recipe.name} by {name}: {len(unlike)} of {count} files and packages differ from k8sboot's"
            + "".join(f"; {each}" for each in unlike[:SHOWN])
        )
    for host in lab.found():
        python_for_hosts.install(host, controller.folder)


def _second_runs(
    controller: Controller, recipes: Sequence[Recipe], ssh_config: Path, inventory: Path, delay: int
) -> dict[str, Measure]:
    ours = Run(tuple(controller.k8sboot("up", inventory, "--yes", "--to", LAST)))
    found: dict[str, Measure] = {
        f"k8sboot, {delay} ms": partial(_second_run, controller, ours, _k8sboot_changes)
    }
    for name, (contender, changes) in CONTENDERS.items():
        run = contender(recipes, ssh_config, controller.folder)
        found[f"{name}, {delay} ms"] = partial(_second_run, controller, run, changes)
    return found


def _k8sboot_changes(said: str) -> int:
    return 0 if "\n0 changed" in said else 1


def _second_run(controller: Controller, run: Run, changes: Callable[[str], int]) -> dict[str, float]:
    environ = {**controller.environ(), **dict(run.environ)}
    spent = spend(run.command, folder=controller.folder, environ=environ)
    said = f"{spent.stdout}\n{spent.stderr}"
    assert changes(said) == 0, said
    return {"s": spent.seconds, "s of CPU": spent.cpu}


PART = Part(
    "preparation",
    "second run to Kubernetes' packages, beside Ansible and pyinfra",
    measure,
    where="lab",
    rivals=("ansible", "pyinfra"),
)
