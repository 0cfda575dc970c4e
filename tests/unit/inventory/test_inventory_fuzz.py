"""Whatever the bytes, the answer is an inventory or its problems; never anything else."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from k8sboot.console.problems import format_problem
from k8sboot.errors import InventoryError
from k8sboot.inventory import keys, yaml_tree
from k8sboot.inventory.load import load
from k8sboot.inventory.nodes import Listing, Node, Scalar
from k8sboot.inventory.problems import Problems
from k8sboot.inventory.source import SourceFile

WORDS = [
    "masters", "nodes", "name", "address", "ssh", "cluster", "podSubnet", "os", "sysctl", "kubeadm",
    "password", "initConfiguration", "repositories", "calico", "mtu", "10.0.0.1", "10.96.0.0/16", "::1",
    "v1.23.17", "~", "no", ": ", "\n", "\n  ", "\n    ", "- ", "{", "}", "[", "]", ", ", "'", '"', "|",
    ">", "#", "&a", "*a", "!!str", "<<", "\t", "---", "...", "%YAML 1.1", "${X}", "${", "$$", "\x1b",
    "\r", "中", "\ufeff", "?", "@", "env", "prompt: true", "1e999", "0x1",
    "999999999999999999999999999999", "é",
]  # fmt: skip
IN_ONE_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
KEYS = sorted({part for key, _ in keys.rows() for part in key.replace("[]", "").split(".")})

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(WORDS),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | st.text(), inner, max_size=4)
    ),
    max_leaves=20,
)


def load_bytes(raw: bytes, tmp_path) -> None:
    path = tmp_path / "inventory.yaml"
    path.write_bytes(raw)
    try:
        load(str(path), environ={"X": "x\ny"}, resolve_secrets=False)
    except InventoryError as error:
        told = [format_problem(problem) for problem in error.problems]
    else:
        return
    assert told
    assert "\x1b" not in "".join(told)


@IN_ONE_FOLDER
@given(st.binary(max_size=200))
def test_any_bytes(tmp_path, raw):
    load_bytes(raw, tmp_path)


@IN_ONE_FOLDER
@given(st.lists(st.sampled_from(WORDS), max_size=40))
def test_any_words_of_an_inventory(tmp_path, words):
    load_bytes("".join(words).encode(), tmp_path)


@IN_ONE_FOLDER
@given(st.dictionaries(st.sampled_from(sorted(keys.inventory().keys)), values))
def test_any_values_under_any_keys(tmp_path, tree):
    load_bytes(yaml.safe_dump(tree, allow_unicode=True).encode(), tmp_path)


@IN_ONE_FOLDER
@given(st.lists(st.sampled_from(WORDS), max_size=25))
def test_both_of_pyyamls_parsers_read_the_same(words):
    text = "".join(words)
    if "\r" in text:
        return
    trees = []
    for loader in (yaml.SafeLoader, yaml_tree._LOADER):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(yaml_tree, "_LOADER", loader)
            trees.append(tree_of(text))
    assert None in trees or trees[0] == trees[1]  # what only one of them takes is a question of taste


def shape(node: Node) -> object:
    if isinstance(node, Scalar):
        return node.text, node.is_plain
    if isinstance(node, Listing):
        return [shape(item) for item in node.items]
    return [(key.text, shape(value)) for key, value in node.entries]


def tree_of(text: str) -> object:
    source = SourceFile("x", text, b"", tuple(text.split("\n")))
    try:
        return shape(yaml_tree.parse(source, Problems(source)))
    except InventoryError:
        return None
