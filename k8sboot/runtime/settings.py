"""Settings as trees, merged key by key: what an operator wrote stays, what k8sboot added can be taken back. Pure."""

from __future__ import annotations

from typing import Any

Tree = dict[str, Any]


def without(tree: Tree, part: Tree) -> Tree:
    """The tree without what the part holds: its values, and the items of its lists."""
    left = {key: _without(value, part[key]) if key in part else value for key, value in tree.items()}
    return {key: value for key, value in left.items() if value is not None}


def united(theirs: Tree, ours: Tree) -> Tree:
    """Both trees in one, in their order. Lists are united; of two other values, ours counts."""
    both = {key: _united(value, ours[key]) if key in ours else value for key, value in theirs.items()}
    return {**both, **{key: value for key, value in ours.items() if key not in theirs}}


def items(value: object) -> list[Any]:
    """A list's items; of another value, itself."""
    return value if isinstance(value, list) else [value]


def _without(value: object, part: object) -> object:
    """None for nothing left."""
    if isinstance(value, dict) and isinstance(part, dict):
        return without(value, part) or None
    if isinstance(value, list):
        return [item for item in value if item not in items(part)] or None
    return None if value == part else value


def _united(theirs: object, ours: object) -> object:
    if isinstance(theirs, dict) and isinstance(ours, dict):
        return united(theirs, ours)
    if isinstance(ours, list):
        known = items(theirs)
        return known + [item for item in ours if item not in known]
    return ours
