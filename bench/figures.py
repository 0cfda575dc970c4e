"""Medians, and ratios of pairs. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

Series = Mapping[str, Sequence[float]]
"""Figures by what was measured, in the order of the turns."""


def middle(series: Series, name: str) -> float | None:
    """The median of a series, None where it was not measured."""
    return median(series[name]) if series.get(name) else None


def least(series: Series, name: str) -> float | None:
    """The least of a series: of round trips, which a busy machine can only add to."""
    return min(series[name]) if series.get(name) else None


def ratio(series: Series, one: str, other: str) -> float | None:
    """How many times the other one is: the median over the pairs, which share whatever loads the machine."""
    pairs = [
        mine / its for mine, its in zip(series.get(one, ()), series.get(other, ()), strict=False) if its > 0
    ]
    return median(pairs) if pairs else None


def beyond(series: Series, one: str, other: str) -> float | None:
    """By how much one is more than the other: the median over the pairs."""
    pairs = [mine - its for mine, its in zip(series.get(one, ()), series.get(other, ()), strict=False)]
    return median(pairs) if pairs else None


def ratios(series: Series, one: str, other: str) -> tuple[float, ...]:
    """Of each pair, in order."""
    return tuple(
        mine / its for mine, its in zip(series.get(one, ()), series.get(other, ()), strict=False) if its > 0
    )
