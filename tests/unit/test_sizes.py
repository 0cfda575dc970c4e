"""Files stay short enough to be read at a sitting, functions at a glance; test files have names of their own."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = {path: path.read_text() for path in sorted((ROOT / "k8sboot").rglob("*.py"))}


def test_files_have_fewer_than_300_lines() -> None:
    assert [str(path) for path, text in SOURCES.items() if text.count("\n") >= 300] == []


def test_functions_have_no_more_than_40_lines() -> None:
    long = [
        f"{path}: {node.name}"
        for path, text in SOURCES.items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= 40
    ]
    assert long == []


def test_no_two_test_files_have_the_same_name() -> None:
    """`pytest tests -k ...` collects all of them at once, and refuses two of one name."""
    names = Counter(path.name for path in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name, times in names.items() if times > 1] == []
