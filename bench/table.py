"""The table of the targets, with what is measured in each row."""

from __future__ import annotations

from collections.abc import Callable

from bench.figures import beyond, least, middle, ratio
from bench.targets import Goal, Results, Row

AT = "3da16a7"
"""The commit of the figures in the column before."""
SCALES = (120, 300)
KINDS = {"root": 8, "sudo": 9, "sudo with password": 10, "first master": 10}
Figure = Callable[[Results], float | None]

EXECS = (
    "An exec costs three round trips, as OpenSSH takes no input before it has accepted the command; sudo, and its "
    "password, each take an exec of their own. One root shell for a whole connection would save them."
)
TEXT = "The whole script is sent each time, as hosts keep nothing of k8sboot's. `ss` alone looks through every process."
SAME_MACHINE = (
    "The hosts are on the same processors, so that the probe's time on each of them counts; bare paramiko's command is "
    "empty. paramiko has a thread for each open connection, k8sboot one for each host."
)
IMPORTS = "click alone takes more than 30 ms; the rest of `plan` is the inventory's classes and YAML."


def rows() -> tuple[Row, ...]:
    """All of them, in the order of the table."""
    return (
        _rival("Ansible", "tuned Ansible", "13-18x, 13x", (25, 25)),
        _rival("pyinfra", "pyinfra", "2.1-2.35x, 3.2x", (4, 5)),
        _round_trips(),
        Row(
            "Fresh `up` of three hosts, against a shell script with perfect knowledge",
            "1.29x",
            (Goal(_ratio("fresh-up", "k8sboot: s", "by hand: s"), 1.05, "{:.2f}x"),),
        ),
        _second_up(),
        *_probe(),
        *_scales(),
        _startup(),
    )


def _rival(rival: str, said: str, before: str, least: tuple[float, float]) -> Row:
    figures = (
        _ratio("preparation", f"{rival}, {delay} ms: s", f"k8sboot, {delay} ms: s") for delay in (0, 30)
    )
    goals = (
        Goal(figure, limit, "{:.1f}x", is_least=True) for figure, limit in zip(figures, least, strict=True)
    )
    return Row(
        f"Second run to Kubernetes' packages, {said} against k8sboot, 0 and 30 ms", before, tuple(goals)
    )


def _round_trips() -> Row:
    named = ", ".join(KINDS)
    goals = (
        Goal(_least("round-trips", f"second run: round trips, {kind}"), limit, "{:.0f}")
        for kind, limit in KINDS.items()
    )
    what = f"Round trips of a host with nothing to do: {named}"
    return Row(what, "8-9, 11-12, 14-15, 14", tuple(goals), EXECS)


def _second_up() -> Row:
    return Row(
        "Whole second `up` of three hosts over Python's start; received from the first master; its round trips",
        "3.2-4.3 s, 750 kB, 46",
        (
            Goal(_beyond("second-up", "k8sboot: s", "python -c pass: s"), 1.2, "{:.1f} s"),
            Goal(_middle("second-up", "k8sboot, far: kB received, first master"), 40, "{:.0f} kB"),
            Goal(_least("second-up", "k8sboot, far: round trips, first master"), 16, "{:.0f}"),
        ),
    )


def _probe() -> tuple[Row, Row]:
    own, prepared = ("probe", "paramiko, one empty exec"), ("probe-prepared", "ssh, sudo true")
    return (
        Row(
            "Probe of a prepared host, over a login with an empty command: CPU, processes",
            "0.42 s, 497",
            (
                _of_probe(*prepared, "s of CPU", 0.08, "{:.2f} s"),
                _of_probe(*prepared, "processes", 60, "{:.0f}"),
            ),
        ),
        Row(
            "Probe of a host that is an sshd and no more: CPU, processes, kB sent",
            "0.42 s, 497, 10 kB",
            (
                _of_probe(*own, "s of CPU", 0.08, "{:.2f} s"),
                _of_probe(*own, "processes", 60, "{:.0f}"),
                Goal(_kilo(_beyond(own[0], "plan: bytes sent", f"{own[1]}: bytes sent")), 4, "{:.1f} kB"),
            ),
            TEXT,
        ),
    )


def _of_probe(part: str, bare: str, what: str, limit: float, form: str) -> Goal:
    return Goal(_beyond(part, f"plan: {what}", f"{bare}: {what}"), limit, form)


def _scales() -> tuple[Row, ...]:
    before = {120: ("2.1x", "-, -"), 300: ("2.4x", "603, 102 MiB")}
    return tuple(
        Row(
            f"Facts and plan of {count} hosts, against bare paramiko; threads; memory",
            ", ".join(before[count]),
            (
                Goal(
                    _ratio("scale", f"k8sboot, {count} hosts: s", f"paramiko, {count} hosts: s"),
                    1.3,
                    "{:.2f}x",
                ),
                Goal(_middle("scale", f"k8sboot, {count} hosts: threads"), 60, "{:.0f} threads"),
                Goal(_middle("scale", f"k8sboot, {count} hosts: MiB"), 100, "{:.0f} MiB"),
            ),
            SAME_MACHINE,
        )
        for count in SCALES
    )


def _startup() -> Row:
    words = (("completing a phase", 60), ("completing a host", 60), ("completing a code", 60))
    goals = (
        Goal(_beyond("startup", f"{name}: ms", "python -c pass: ms"), limit, "{:.0f} ms")
        for name, limit in (*words, ("plan on a broken inventory", 90))
    )
    return Row(
        "Completing a phase, a host, a code; `plan` on a broken inventory; over `python -c pass`",
        "190-210 ms",
        tuple(goals),
        IMPORTS,
    )


def _middle(part: str, name: str) -> Figure:
    return lambda results: middle(results.get(part, {}), name)


def _least(part: str, name: str) -> Figure:
    return lambda results: least(results.get(part, {}), name)


def _ratio(part: str, one: str, other: str) -> Figure:
    return lambda results: ratio(results.get(part, {}), one, other)


def _beyond(part: str, one: str, other: str) -> Figure:
    return lambda results: beyond(results.get(part, {}), one, other)


def _kilo(figure: Figure) -> Figure:
    def found(results: Results) -> float | None:
        bytes_ = figure(results)
        return None if bytes_ is None else bytes_ / 1000

    return found
