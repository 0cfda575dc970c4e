"""Compare what the inventory says of kubeadm's documents with what a cluster has, as their readers understand both."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

_DURATION = re.compile(r"(?:\d{1,20}(?:\.\d{1,20})?(?:ns|us|µs|ms|s|m|h)){1,20}")
_PART = re.compile(r"(\d{1,20}(?:\.\d{1,20})?)(ns|us|µs|ms|s|m|h)")
_SECONDS = {"ns": "1e-9", "us": "1e-6", "µs": "1e-6", "ms": "1e-3", "s": "1", "m": "60", "h": "3600"}
_QUANTITY = re.compile(r"(-?\d{1,30}(?:\.\d{1,30})?)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|)")
_DECIMAL = {"": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = ("Ki", "Mi", "Gi", "Ti", "Pi", "Ei")


@dataclass(frozen=True)
class Difference:
    """A value that is not as wanted. key: its path. found and wanted as text; 'none' where there is no value."""

    key: str
    found: str
    wanted: str


def differing(wanted: Mapping[str, Any], found: object, *, where: str) -> Iterator[Difference]:
    """The values of wanted that found does not have; what found has besides does not count, nor does a null.

    where: the path of wanted, with which each key begins.
    """
    there = found if isinstance(found, Mapping) else {}
    for key, value in wanted.items():
        if isinstance(value, Mapping):
            yield from differing(value, there.get(key), where=f"{where}.{key}")
        elif value is not None and not is_same(value, there.get(key)):
            yield Difference(f"{where}.{key}", shown(there.get(key)), shown(value))


def is_same(one: object, other: object) -> bool:
    """Whether two values mean the same: 60s is 1m0s, 0.5 is 500m, true is "true"."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return all(is_same(one.get(key), other.get(key)) for key in {**one, **other})
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(is_same, one, other))
    if any(isinstance(each, Mapping | list | tuple) or each is None for each in (one, other)):
        return not one and not other and type(one) is type(other)
    texts = shown(one), shown(other)
    return texts[0] == texts[1] or _is_same_number(*texts)


def merged(document: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The document with what is wanted in it; a value that means the same stays as it is written, null removes one."""
    removed = {key for key, value in wanted.items() if value is None}
    result = {key: value for key, value in document.items() if key not in removed}
    for key, value in wanted.items():
        under = result.get(key)
        if isinstance(value, Mapping):
            result[key] = merged(under if isinstance(under, Mapping) else {}, value)
        elif value is not None and not (key in result and is_same(value, under)):
            result[key] = value
    return result


def shown(value: object) -> str:
    """A value as text; 'none' for no value."""
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _is_same_number(one: str, other: str) -> bool:
    for read in (_duration, quantity):
        found = read(one)
        if found is not None and found == read(other):
            return True
    return False


def _duration(text: str) -> Decimal | None:
    """Seconds, from Go's form of a duration."""
    if not _DURATION.fullmatch(text):
        return None
    return sum(
        (Decimal(number) * Decimal(_SECONDS[unit]) for number, unit in _PART.findall(text)), Decimal(0)
    )


def quantity(text: str) -> Decimal | None:
    """The number in Kubernetes' form of a quantity."""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        return None
    number, unit = Decimal(match[1]), match[2]
    if unit in _BINARY:
        return number * Decimal(1024) ** (_BINARY.index(unit) + 1)
    return number / 1000 if unit == "m" else number.scaleb(_DECIMAL[unit])
