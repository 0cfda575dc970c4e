"""All parts in the order in which they run."""

from __future__ import annotations

from importlib import import_module

from bench.part import Part

NAMES = ("startup", "round_trips", "probe", "scale", "second_up", "probe_prepared", "preparation", "fresh_up")


def parts() -> tuple[Part, ...]:
    """The parts; a part's own imports are its affair, so that one that cannot run here does not hinder others."""
    return tuple(import_module(f"bench.parts.{name}").PART for name in NAMES)
