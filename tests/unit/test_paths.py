"""paths.py is the one place that names k8sboot's paths on hosts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import k8sboot

PACKAGE = Path(k8sboot.__file__).parent
OURS = re.compile(r"/(run|lib)/k8sboot|/etc/\S*k8sboot")
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "paths.py")
SCRIPTS = sorted(PACKAGE.rglob("*.sh"))


def texts(source: str) -> Iterator[str]:
    """Every text in the code; docstrings may name a path for the reader."""
    nodes = list(ast.walk(ast.parse(source)))
    docs = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_names_no_path_of_its_own(module: Path) -> None:
    assert [text for text in texts(module.read_text()) if OURS.search(text)] == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_is_handed_its_paths(script: Path) -> None:
    code = [line for line in script.read_text().splitlines() if not line.lstrip().startswith("#")]
    assert [line for line in code if OURS.search(line)] == []


def test_the_paths_are_found_where_they_are() -> None:
    assert any(OURS.search(text) for text in texts((PACKAGE / "paths.py").read_text()))
