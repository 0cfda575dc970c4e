"""Parses a plan from its JSON, strictly."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

from k8sboot.plans.document import FORMAT, Change, Differing, Document, Failure, Open, Step

Json = Mapping[str, Any]

CREATED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


def no_key_twice(pairs: list[tuple[str, Any]]) -> Json:
    """The object of these pairs, for json.loads. ValueError for a key that is there twice: readers differ on it."""
    _once("the key", (key for key, _value in pairs))
    return dict(pairs)


def from_json(data: Json) -> Document:
    """The document of as_json. ValueError, KeyError, TypeError or AttributeError for anything else."""
    if data["format"] != FORMAT:
        raise ValueError("it is not a plan")
    _once("the host", (host["name"] for host in data["hosts"]))
    plan = Document(
        cluster=_text(data["cluster"]),
        hosts={_text(host["name"]): _text(host["address"]) for host in data["hosts"]},
        phases=_texts(data["phases"]),
        inventory={_text(name): _text(digest) for name, digest in data["inventory"].items()},
        limit=None if data["limit"] is None else _texts(data["limit"]),
        steps=tuple(_step(step) for step in data["steps"]),
        differs=tuple(_differing(each) for each in data.get("differs", ())),
        failed=tuple(_failure(each) for each in data["failed"]),
        created=_text(data["created"]),
        k8sboot=_text(data["k8sboot"]),
    )
    _refuse_contradictions(plan, data["summary"])
    return plan


def _refuse_contradictions(plan: Document, summary: Json) -> None:
    """ValueError for what k8sboot never writes: what people read in a plan has to be what is compared."""
    _once("the phase", plan.phases)
    _once("the step", ((step.phase, step.host) for step in plan.steps))
    for step in plan.steps:
        if step.phase not in plan.phases or step.host not in plan.hosts:
            raise ValueError(f"the step {step.phase!r} of {step.host!r} has no such phase or host")
    if not CREATED.fullmatch(plan.created):
        raise ValueError(f"created {plan.created!r} is not a time in UTC")
    for key, count in plan.summary.items():
        if summary[key] != count:
            raise ValueError(f"the summary has {key} {summary[key]!r}, and the steps {count}")


def _once(what: str, each: Iterable[Hashable]) -> None:
    seen: set[Hashable] = set()
    for one in each:
        if one in seen:
            raise ValueError(f"{what} {one!r} is there twice")
        seen.add(one)


def _step(data: Json) -> Step:
    return Step(
        phase=_text(data["phase"]),
        host=_text(data["host"]),
        changes=tuple(
            Change(_text(each["what"]), _text(each["diff"]), _texts(each["commands"]))
            for each in data["changes"]
        ),
        unknown=tuple(Open(_text(each["after"]), _text(each["what"])) for each in data["unknown"]),
    )


def _differing(data: Json) -> Differing:
    texts = {key: _text(data[key]) for key in ("key", "where", "cluster", "inventory", "how")}
    return Differing(**texts, hosts=_texts(data["hosts"]))


def _failure(data: Json) -> Failure:
    return Failure(**{key: _text(data[key]) for key in ("host", "phase", "code", "what")})


def _texts(data: object) -> tuple[str, ...]:
    if not isinstance(data, list):
        raise TypeError("a list was expected")
    return tuple(_text(each) for each in data)


def _text(data: object) -> str:
    if not isinstance(data, str):
        raise TypeError("text was expected")
    return data
