"""The smoke test as a whole: its rows, what each of them found, and why those that failed did."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from k8sboot.diagnosis.rows import Examination
from k8sboot.errors import Interrupted, StepFailed
from k8sboot.events import Checked
from k8sboot.host.host import Host
from k8sboot.smoke import namespace, objects
from k8sboot.smoke.row import Found, Look, Row
from k8sboot.smoke.rows import FIRST, WATCHED, all_rows
from k8sboot.smoke.scene import Scene
from k8sboot.smoke.side_by_side import Ended, look_at

AGAIN = "fix the causes, then run `k8sboot smoke` again; `k8sboot smoke --only ROW` tries a single row"


def chosen(only: Collection[str], static_pod: Look) -> tuple[Row, ...]:
    """The rows with these names, or all if none is named. static_pod: as in rows.all_rows."""
    return tuple(row for row in all_rows(static_pod) if not only or row.name in only)


def try_rows(scene: Scene, rows: Sequence[Row]) -> None:
    """Look at these rows. StepFailed if some fail, Interrupted if the run is to end before."""
    namespace.apply(scene.host, "create a Pod on every node", objects.echo(scene.image))
    first = _follow(scene, [FIRST], told=rows)
    _end_if_asked(scene)
    others = [row for row in rows if row is not FIRST]
    if first[0].found.problem:
        for row in (r for r in others if r.needs_pods):
            _tell(scene.host, Ended(row, Found(skipped="the image does not run on every node"), 0.0))
        others = [row for row in others if not row.needs_pods]
    elif any(row.name in WATCHED for row in rows):
        pods = objects.pods(scene.image, scene.cluster.spec.cluster.version)
        namespace.apply(scene.host, "create the Pods of the smoke test", pods)
    ended = (*first, *_follow(scene, others, told=rows))
    _end_if_asked(scene)
    _tell_failures(scene, [each for each in ended if each.found.problem])


def _end_if_asked(scene: Scene) -> None:
    if scene.host.is_stopping:
        raise Interrupted("the smoke test was interrupted", host=scene.host.name)


def _follow(scene: Scene, rows: Sequence[Row], *, told: Sequence[Row]) -> tuple[Ended, ...]:
    """Look at rows; those that pass are told at once, failures when their causes are known."""

    def tell(ended: Ended) -> None:
        if not ended.found.problem and ended.row in told:
            _tell(scene.host, ended)

    return look_at(scene, rows, tell)


def _tell_failures(scene: Scene, failed: list[Ended]) -> None:
    if failed:
        examination = Examination(scene.cluster)
        for each in failed:
            _tell_cause(scene.host, each, examination)
        raise _failed(failed, scene.host)


def _failed(failed: list[Ended], host: Host) -> StepFailed:
    names = ", ".join(each.row.name for each in failed)
    rows = "row" if len(failed) == 1 else "rows"
    return StepFailed(
        f"{len(failed)} {rows} of the smoke test failed: {names}",
        why="\n".join(f"{each.row.name} failed: {each.found.problem}" for each in failed),
        fix=AGAIN,
        host=host.name,
        code="KB-SMOKE",
    )


def _tell(host: Host, ended: Ended) -> None:
    host.check_ended(_checked(ended))


def _tell_cause(host: Host, ended: Ended, examine: Examination) -> None:
    cause = examine(ended.row.name, ended.found.problem)
    host.check_ended(replace(_checked(ended), code=cause.code, why=cause.cause, fix=cause.cure))


def _checked(ended: Ended) -> Checked:
    found = ended.found
    return Checked(
        row=ended.row.name,
        title=ended.row.title,
        outcome=ended.outcome,
        seconds=ended.seconds,
        seen=found.problem or found.skipped or found.seen,
    )
