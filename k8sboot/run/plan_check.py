"""A dry run before a real one, on the same connections, by which somebody decides whether the real one may begin."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol

from k8sboot.errors import K8sbootError
from k8sboot.events import Event, Failed, Listener
from k8sboot.host.machine import Machine
from k8sboot.run.runner import Report

PHASE = "plan"
"""Under this name it is told what speaks against the run."""


class PlanCheck(Protocol):
    """Hears the dry run, and says whether the real one may begin."""

    def __call__(self, event: Event) -> None:
        """Hear an event, in whatever thread it happens."""

    def problem(self) -> K8sbootError | None:
        """Why it may not, with the host that shows it; None where nothing speaks against it."""


def obstacles(
    plan_check: PlanCheck,
    machines: Collection[Machine],
    walk: Callable[[bool, Listener], Report],
    tell: Listener,
) -> dict[str, K8sbootError]:
    """What speaks against the run, by host. walk: a run, dry or not, told to a listener. tell: hears failures."""

    def hear(event: Event) -> None:
        plan_check(event)
        if isinstance(event, Failed):
            tell(event)

    errors = walk(True, hear).errors
    problem = None if errors else plan_check.problem()
    if problem:
        tell(Failed(host=problem.host, phase=PHASE, error=problem))
        return {problem.host: problem}
    for machine in machines:
        machine.start_over()
    return errors
