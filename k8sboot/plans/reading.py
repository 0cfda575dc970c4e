"""Parses a plan from its JSON, strictly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from k8sboot.plans.document import FORMAT, Change, Differing, Document, Failure, Open, Step

Json = Mapping[str, Any]


def from_json(data: Json) -> Document:
    """The document of as_json. ValueError, KeyError, TypeError or AttributeError for anything else."""
    if data["format"] != FORMAT:
        raise ValueError("it is not a plan")
    return Document(
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
