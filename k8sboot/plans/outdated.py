"""Whether a plan is still valid: a new plan would be the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from k8sboot.errors import Refused
from k8sboot.events import Event
from k8sboot.inventory.model import Spec
from k8sboot.plans.document import Change, Document, Open, Step
from k8sboot.plans.inventory import digests
from k8sboot.plans.recorder import Recorder

SHOWN = 5
CODE = "KB-PLAN-CHANGED"
FIX = "make a new plan and review it: `k8sboot plan --out FILE`; nothing was changed"


class PlanComparison:
    """A listener for the dry run before a planned run that compares the two plans at its end."""

    def __init__(self, planned: Document, recorder: Recorder) -> None:
        self._planned = planned
        self._recorder = recorder

    def __call__(self, event: Event) -> None:
        """Record an event."""
        self._recorder(event)

    def problem(self) -> Refused | None:
        """The differences from the plan, None when there are none."""
        found = list(differences(self._planned, tuple(self._recorder.steps())))
        if not found:
            return None
        first, more = found[0], len(found) - SHOWN
        lines = [f"{each.host} {each.phase}: {each.what}" for each in found[:SHOWN]]
        lines += [f"and {more} more differences"] if more > 0 else []
        return Refused(
            f"{first.phase}: the plan of {self._planned.created} is no longer valid",
            why=first.what,
            fix=FIX,
            host=first.host,
            detail="\n".join(lines) if len(found) > 1 else "",
            code=CODE,
        )


@dataclass(frozen=True)
class Difference:
    """A difference from the plan."""

    host: str
    phase: str
    what: str


def inventory_changed(planned: Document, spec: Spec) -> Refused | None:
    """The sections of the inventory that have changed since the plan was made, None when there are none."""
    now = digests(spec)
    sections = [name for name in {**planned.inventory, **now} if planned.inventory.get(name) != now.get(name)]
    if not sections:
        return None
    return Refused(
        f"the inventory has changed since the plan was made ({planned.created})",
        why=f"changed sections: {', '.join(sections)}",
        fix=FIX,
        code=CODE,
    )


def scope_changed(planned: Document, hosts: Mapping[str, str], phases: Sequence[str]) -> Refused | None:
    """Whether a run of these hosts (address by name) and phases is another than the planned one."""
    found = [*_hosts(planned.hosts, hosts)]
    if not found and planned.phases != tuple(phases):
        found = ["the order of the phases is another"]
    if not found:
        return None
    return Refused(
        f"the plan of {planned.created} is for other hosts or phases",
        why="; ".join(found[:SHOWN]),
        fix=FIX,
        code=CODE,
    )


def _hosts(planned: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for name, address in now.items():
        if name not in planned:
            yield f"not in the plan: host {name}"
        elif planned[name] != address:
            yield f"address of {name}: planned {planned[name]!r}, now {address!r}"
    yield from (f"in the plan only: host {name}" for name in planned if name not in now)


def differences(planned: Document, now: tuple[Step, ...]) -> Iterator[Difference]:
    """All differences: of each place that either side has, in the order of the plan, then of the run."""
    before, after = _by_place(planned.steps), _by_place(now)
    listed = [(phase, host) for phase in planned.phases for host in planned.hosts]
    for place in dict.fromkeys([*listed, *before, *after]):
        one, other = before.get(place, Step(*place)), after.get(place, Step(*place))
        yield from (Difference(one.host, one.phase, what) for what in _between(one, other))


def _by_place(steps: tuple[Step, ...]) -> Mapping[tuple[str, str], Step]:
    return {(step.phase, step.host): step for step in steps}


def _between(one: Step, other: Step) -> list[str]:
    found = [*_changes(one.changes, other.changes), *_unknown(one.unknown, other.unknown)]
    return found or (["the order differs from the plan"] if one != other else [])


def _unknown(planned: tuple[Open, ...], now: tuple[Open, ...]) -> Iterator[str]:
    yield from (f"unknown in the plan, but not now: {_open(each)}" for each in planned if each not in now)
    yield from (f"unknown now, but not in the plan: {_open(each)}" for each in now if each not in planned)


def _open(each: Open) -> str:
    return f"{each.what or 'all of the phase'}, known only after {each.after}"


def _changes(planned: tuple[Change, ...], now: tuple[Change, ...]) -> Iterator[str]:
    before, after = _numbered(planned), _numbered(now)
    for key, one in before.items():
        other = after.get(key)
        if other is None:
            yield f"in the plan only: {one.what}"
        elif other != one:
            yield f"differs from the plan: {one.what} ({_first_other_line(one, other)})"
    yield from (f"not in the plan: {each.what}" for key, each in after.items() if key not in before)


def _numbered(changes: tuple[Change, ...]) -> dict[tuple[str, int], Change]:
    """By description and by the number of equal ones before it."""
    count: Counter[str] = Counter()
    found = {}
    for change in changes:
        found[change.what, count[change.what]] = change
        count[change.what] += 1
    return found


def _first_other_line(planned: Change, now: Change) -> str:
    lines = [[*change.diff.splitlines(), *change.commands] for change in (planned, now)]
    pairs = zip_longest(*lines, fillvalue="nothing")
    one, other = next((a, b) for a, b in pairs if a != b)
    return f"planned {one!r}, now {other!r}"
