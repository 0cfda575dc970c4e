"""No text makes a regular expression of k8sboot hold the run: its steps grow as the text does.

Python's `re` holds all threads while it searches. Steps are counted, not timed.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from regex_steps import Counter, TooManySteps, pumps

import k8sboot

HERE = Path(k8sboot.__file__).parent
ANCHORED = ("match", "fullmatch")
SHORT_LINES = ("k8sboot.diagnosis.", "k8sboot.osfamily.yum_transactions")
"""Modules that search single lines, cut to a bounded length."""
PARTS = 16


def modules() -> Iterator[object]:
    """Those that use `re`; of the many patterns of diagnoses some are tried seldom."""
    for module in pkgutil.walk_packages(k8sboot.__path__, "k8sboot."):
        if re.search(r"\bre\.|causes\.", f"{module.name}.{source_of(module.name)}"):
            yield pytest.param(module.name, marks=[pytest.mark.slow] if ".causes." in module.name else [])


def source_of(name: str) -> str:
    path = HERE.parent / name.replace(".", "/")
    return next(p for p in (path.with_suffix(".py"), path / "__init__.py") if p.exists()).read_text()


def is_anchored(name: str, source: str) -> bool:
    """Whether a module only matches a pattern of that name where a text begins."""
    return {*(re.findall(rf"\b{name}\.(\w+)\(", source) or ["search"])} <= set(ANCHORED)


def patterns_of(name: str) -> Iterator[tuple[str, str, bool]]:
    """(place, pattern, is anchored) of a module: its compiled ones, those in calls, and the words of diagnoses."""
    module, source = importlib.import_module(name), source_of(name)
    for attribute, value in vars(module).items():
        for each in patterns_in(value):
            pattern = text_of(each.pattern)
            yield (
                attribute,
                f"(?s){pattern}" if each.flags & re.DOTALL else pattern,
                is_anchored(attribute, source),
            )
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and ".causes." in name:
            if re.search(r"[*+\])]", node.value) and compiles(node.value):
                yield f"line {node.lineno}", node.value, False
        elif isinstance(node, ast.Call) and (pattern := pattern_in(node)):
            method = ast.unparse(node.func).removeprefix("re.")
            yield f"line {node.lineno}", pattern, method in (*ANCHORED, "compile")


def pattern_in(call: ast.Call) -> str:
    """The literal pattern in a call of `re`; '' in any other call."""
    first = call.args[0] if call.args else None
    if not ast.unparse(call.func).startswith("re.") or not isinstance(first, ast.Constant):
        return ""
    return text_of(first.value) if compiles(text_of(first.value)) else ""


def patterns_in(value: object) -> Iterator[re.Pattern[str]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, tuple):
        for each in value:
            yield from patterns_in(each)


def text_of(pattern: str | bytes) -> str:
    return pattern.decode("latin-1") if isinstance(pattern, bytes) else pattern


def compiles(text: str) -> bool:
    try:
        return bool(re.compile(text))
    except re.error:
        return False


def steps(pattern: str, text: str, *, anchored: bool) -> int:
    counter = Counter(pattern, text)
    try:
        return counter.match_start() if anchored else counter.search_all()
    except TooManySteps:
        return -1


def growth(pattern: str, pump: tuple[str, str], *, anchored: bool) -> float:
    """How many times as many steps a text of twice the length takes."""
    head, part = pump
    few, many = (steps(pattern, f"{head}{part * n}\x00\nx", anchored=anchored) for n in (PARTS, 2 * PARTS))
    return many / few if min(few, many) > 0 else float("inf")


def slow_pumps(pattern: str, *, anchored: bool, most: float) -> list[tuple[str, str]]:
    return [p for p in pumps(pattern) if growth(pattern, p, anchored=anchored) > most]


@pytest.fixture(autouse=True)
def _deep():
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    yield
    sys.setrecursionlimit(before)


@pytest.mark.slow
@pytest.mark.parametrize("module", [*modules()])
def test_no_text_makes_a_regular_expression_quadratic(module):
    most = 5.5 if module.startswith(SHORT_LINES) else 2.8
    slow = [
        (place, pattern, pump)
        for place, pattern, anchored in patterns_of(module)
        for pump in slow_pumps(pattern, anchored=anchored, most=most)[:1]
    ]
    assert slow == []


@pytest.mark.parametrize(
    ("pattern", "is_slow"),
    [("BEGIN.*?END", True), (r"(?m)^\s*x", True), ("(a+)+b", True), ("BEGIN[^B]*", False), ("[a-z]+b", True)],
)
def test_the_count_tells_quadratic_from_linear(pattern, is_slow):
    assert bool(slow_pumps(pattern, anchored=False, most=2.8)) is is_slow
