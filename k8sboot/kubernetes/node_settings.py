"""Labels and taints of nodes: what a node has, what k8sboot has set of it, and what to change. Pure.

An annotation of the Node records what k8sboot has set, so that it can be taken back and nothing else is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from k8sboot.kubernetes.answers import at, mappings_at, text_at
from k8sboot.kubernetes.commands import Words, kubectl
from k8sboot.kubernetes.rows import Fields, read_rows
from k8sboot.text.json_text import read_json

FIELDS: Fields = ("metadata.name", "metadata.labels", "spec.taints", "metadata.annotations")
ANNOTATION = "k8sboot.io/set"
Settings = Mapping[str, str]
"""Labels, KEY to VALUE; or taints, KEY:EFFECT to VALUE."""


@dataclass(frozen=True)
class NodeSettings:
    """A node's labels and taints, and those of them that k8sboot has set."""

    name: str
    labels: Settings
    taints: Settings
    set_labels: Settings
    set_taints: Settings


@dataclass(frozen=True)
class Move:
    """What becomes of one kind of settings. there: before. left: those that others have changed since k8sboot set them.

    added: with their values. record: what is then set by k8sboot.
    """

    there: Settings
    added: Settings
    removed: Sequence[str]
    left: Sequence[str]
    record: Settings

    @classmethod
    def to(cls, wanted: Settings, there: Settings, recorded: Settings) -> Move:
        """The way from what is there to what is wanted."""
        gone = [key for key in recorded if key not in wanted and key in there]
        added = {key: value for key, value in wanted.items() if there.get(key) != value}
        return cls(
            there=there,
            added=added,
            removed=[key for key in gone if there[key] == recorded[key]],
            left=[key for key in gone if there[key] != recorded[key]],
            record={key: value for key, value in wanted.items() if key in recorded or key in added},
        )


def node_settings(text: str) -> dict[str, NodeSettings]:
    """By node, from the fields FIELDS. Raises BadAnswer."""
    nodes = (_node(item) for item in read_rows(text, FIELDS, asked="nodes"))
    return {node.name: node for node in nodes}


def by_key(taints: Sequence[str]) -> dict[str, str]:
    """Taints as the inventory has them, KEY=VALUE:EFFECT, as settings."""
    found = {}
    for taint in taints:
        head, _, effect = taint.rpartition(":")
        key, _, value = head.partition("=")
        found[f"{key}:{effect}"] = value
    return found


def commands_for(node: NodeSettings, labels: Move, taints: Move) -> tuple[Words, ...]:
    """The changes of a node. What k8sboot is about to set is recorded first, what it has removed is forgotten last."""
    before = _record({**node.set_labels, **labels.record}, {**node.set_taints, **taints.record})
    after = _record(labels.record, taints.record)
    steps: list[Words] = []
    if before != _record(node.set_labels, node.set_taints):
        steps.append(_annotate(node.name, before))
    if labels.added or labels.removed:
        words = [f"{k}={v}" for k, v in labels.added.items()] + [f"{k}-" for k in labels.removed]
        steps.append(kubectl("label", "node", node.name, *words, "--overwrite"))
    if taints.added or taints.removed:
        words = [_taint(k, v) for k, v in taints.added.items()] + [f"{k}-" for k in taints.removed]
        steps.append(kubectl("taint", "node", node.name, *words, "--overwrite"))
    return (*steps, _annotate(node.name, after)) if after != before else tuple(steps)


def _taint(key: str, value: str) -> str:
    name, _, effect = key.rpartition(":")
    return f"{name}={value}:{effect}" if value else key


def _record(labels: Settings, taints: Settings) -> str:
    kinds = {"labels": dict(labels), "taints": dict(taints)}
    return json.dumps({kind: each for kind, each in kinds.items() if each}, sort_keys=True)


def _annotate(node: str, record: str) -> Words:
    word = f"{ANNOTATION}-" if record == "{}" else f"{ANNOTATION}={record}"
    return kubectl("annotate", "node", node, word, "--overwrite")


def _node(item: Mapping[str, Any]) -> NodeSettings:
    recorded: object = {}
    with suppress(ValueError):
        recorded = read_json(text_at(item, "metadata", "annotations", ANNOTATION) or "{}")
    taints = mappings_at(item, "spec", "taints")
    return NodeSettings(
        name=text_at(item, "metadata", "name"),
        labels=_texts(at(item, "metadata", "labels")),
        taints={f"{text_at(t, 'key')}:{text_at(t, 'effect')}": text_at(t, "value") for t in taints},
        set_labels=_settings(recorded, "labels"),
        set_taints=_settings(recorded, "taints"),
    )


def _settings(recorded: object, kind: str) -> Settings:
    return _texts(at(recorded, kind))


def _texts(found: object) -> Settings:
    """The texts in a mapping; none if it is something else."""
    pairs = found.items() if isinstance(found, Mapping) else ()
    return {str(key): value for key, value in pairs if isinstance(value, str)}
