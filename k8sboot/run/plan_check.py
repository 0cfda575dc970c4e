"""A dry run before a real one, on the same connections: does the plan still hold?"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol

from k8sboot.errors import K8sbootError
from k8sboot.events import Event, Failed, Listener
from k8sboot.host.machine import Machine
from k8sboot.run.runner import Report

PHASE = "plan"
"""The phase name under which a plan that no longer holds is reported."""


class PlanCheck(Protocol):
    """A listener for the dry run that decides whether the real one may begin."""

    def __call__(self, event: Event) -> None:
        """Take an event, from any thread."""

    def problem(self) -> K8sbootError | None:
        """Why it may not begin, with the host that shows it; None if it may."""


def obstacles(
    plan_check: PlanCheck,
    machines: Collection[Machine],
    run_phases: Callable[[bool, Listener], Report],
    tell: Listener,
) -> dict[str, K8sbootError]:
    """Errors that prevent the run, by host. run_phases: runs, dry or not, with a listener. tell: takes failures."""

    def hear(event: Event) -> None:
        plan_check(event)
        if isinstance(event, Failed):
            tell(event)

    errors = run_phases(True, hear).errors
    problem = None if errors else plan_check.problem()
    if problem:
        tell(Failed(host=problem.host, phase=PHASE, error=problem))
        return {problem.host: problem}
    for machine in machines:
        machine.start_over()
    return errors
