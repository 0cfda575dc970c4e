"""An inventory for a cluster that exists: what the file does not set is as the cluster has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from k8sboot.inventory.forms import FormError
from k8sboot.inventory.keys import inventory, rows
from k8sboot.inventory.kinds import Choice, Flag, Kind, Number, Text
from k8sboot.inventory.model import Spec
from k8sboot.text.numbers import whole

_ENDPOINT = "cluster.controlPlaneEndpoint"


def with_kept(spec: Spec, found: Mapping[str, object]) -> Spec:
    """spec with the cluster's values of the keys that are not said. found: values by dotted key; others are ignored.

    A value that the key would not accept in the file is ignored, too.
    """
    keys = dict(rows())
    for name, value in found.items():
        valid = None if name in spec.said else _valid(keys[name].kind, value)
        if valid is not None:
            section = inventory().keys[name.partition(".")[0]].field
            changed = replace(getattr(spec, section), **{keys[name].field: valid})
            spec = replace(spec, **{section: changed})
    return spec


def differing_keys(spec: Spec, kept: Spec) -> dict[str, object]:
    """The keys whose default in spec is another value in kept, with that value; no default is none.

    The endpoint's follows from an address.
    """
    found: dict[str, object] = {}
    for name, key in rows():
        top, _, rest = name.partition(".")
        if not rest or "." in rest or "[" in top or name == _ENDPOINT or top == "ssh":
            continue
        section = inventory().keys[top].field
        before, after = (getattr(getattr(each, section), key.field) for each in (spec, kept))
        if before not in ("", after):
            found[name] = after
    return found


def _valid(kind: Kind, value: object) -> object:
    """The value as the key holds it; None where it would not accept it."""
    if isinstance(kind, Text):
        return _valid_text(kind, value)
    if isinstance(kind, Choice):
        return value if value in kind.words else None
    if isinstance(kind, Number):
        number = whole(str(value))
        return number if number is not None and kind.least <= number <= kind.most else None
    return value if isinstance(kind, Flag) and isinstance(value, bool) else None


def _valid_text(kind: Text, value: object) -> str | None:
    if not isinstance(value, str) or not value:
        return None
    try:
        return kind.form(value) if kind.form else value
    except FormError:
        return None
