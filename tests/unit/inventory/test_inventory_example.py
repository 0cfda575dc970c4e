"""inventory.example.yaml documents the inventory: it has every key once, with its default and its help text."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from pathlib import Path

import pytest

from k8sboot.inventory import keys, lint_required
from k8sboot.inventory.defaults import with_defaults
from k8sboot.inventory.kinds import Flag, Free, Many, Named, Section, Text
from k8sboot.inventory.load import load
from k8sboot.inventory.model import ClusterSettings, Spec
from k8sboot.inventory.nodes import Listing, Table
from k8sboot.inventory.problems import Problems
from k8sboot.inventory.source import read_source
from k8sboot.inventory.yaml_tree import parse
from k8sboot.kubernetes import releases

EXAMPLE = Path(__file__).parents[3] / "inventory.example.yaml"
VERSION = releases.NEWEST.newest
"""The newest that k8sboot installs: what the example says."""
COMMENTED_KEY = re.compile(r"^( +)#(?! \S)", re.MULTILINE)


@pytest.fixture
def example(tmp_path):
    """The example with every commented key in force, beside the files that its examples name."""
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh/id_ed25519").touch()
    path = tmp_path / "inventory.yaml"
    text = COMMENTED_KEY.sub(r"\1", EXAMPLE.read_text())
    path.write_text(text)
    return path


def keys_of(path: Path) -> Counter[str]:
    return Counter(name for name, _, kind in every_key(path) if not section_of(kind))


def every_key(path: Path):
    """Each key that stands in the file, with its line and kind."""
    source = read_source(str(path))

    def walk(node, section, prefix):
        for key, value in node.entries:
            kind = section.keys[key.text].kind
            yield prefix + key.text, key.mark.line, kind
            inner = section_of(kind)
            if inner is None:
                continue
            elif isinstance(value, Listing):
                for item in value.items:
                    yield from walk(item, inner, f"{prefix}{key.text}[].")
            elif isinstance(kind, Named):
                for _, item in value.entries:
                    yield from walk(item, inner, f"{prefix}{key.text}.{{}}.")
            elif isinstance(value, Table):
                yield from walk(value, inner, f"{prefix}{key.text}.")

    yield from walk(parse(source, Problems(source)), keys.inventory(), "")


def section_of(kind):
    return kind if isinstance(kind, Section) else getattr(kind, "section", None)


def comment_above(lines: list[str], number: int) -> str:
    """The comment that ends just above line number, counted from 1, as one line."""
    words: list[str] = []
    for line in reversed(lines[: number - 1]):
        if not line.lstrip().startswith("# "):
            break
        words[:0] = line.lstrip()[2:].split()
    return " ".join(words)


def test_it_loads_as_it_is_without_a_word(tmp_path):
    loaded = load(str(EXAMPLE), environ={"HOME": str(tmp_path)})
    assert loaded.warnings == ()
    assert [host.name for host in loaded.spec.hosts] == ["k8s-master01", "k8s-node01", "k8s-node02"]


def test_as_it_is_everything_but_machines_and_user_is_the_default(tmp_path):
    spec = load(str(EXAMPLE), environ={"HOME": str(tmp_path)}).spec
    assert spec == with_defaults(
        Spec(
            cluster=ClusterSettings(control_plane_endpoint="192.168.1.10:6443", kubernetes_version=VERSION),
            masters=spec.masters,
            nodes=spec.nodes,
        )
    )
    assert (spec.runtime.name, spec.proxy_mode) == ("containerd", "iptables")


def test_the_lines_of_the_runbook_stand_beside_the_version(tmp_path):
    text = EXAMPLE.read_text()
    _, _, behind = text.partition(f"  kubernetesVersion: {VERSION}\n")
    version, *others = [line.removeprefix("  # ") for line in behind.partition("\n\n")[0].splitlines()[1:]]
    hosts = "masters: [{name: m1, address: 192.0.2.1}]\nnodes: [{name: n1, address: 192.0.2.2}]\n"
    (tmp_path / "i.yaml").write_text("\n".join([f"cluster: {{{version}}}", *others, hosts]))
    loaded = load(str(tmp_path / "i.yaml"), environ={})
    assert loaded.warnings == ()
    said = sorted(loaded.spec.said - {"masters", "nodes"})
    assert {name: lint_required.EARLIER[name].strip("[]") for name in said} == {
        name: _value(loaded.spec, name) for name in said
    }
    assert {"runtime.name", "mirror"} <= {*said}


def _value(spec, name):
    section, _, key = name.partition(".")
    of = keys.inventory().keys[section]
    if not key:
        return getattr(spec, of.field)
    found = getattr(getattr(spec, of.field), of.kind.keys[key].field)
    return found if isinstance(found, str) else ", ".join(found)


def test_every_key_stands_in_it_exactly_once(example):
    shown = keys_of(example)
    per_host = {key: count for key, count in shown.items() if "[]." in key}
    assert per_host == {
        "masters[].name": 1,
        "masters[].address": 1,
        "masters[].nodeAddress": 1,
        "masters[].labels": 1,
        "masters[].taints": 1,
        "masters[].kubeletExtraArgs": 1,
        "nodes[].name": 2,
        "nodes[].address": 2,
        "os.kernel.packages[].url": 1,
        "os.kernel.packages[].sha256": 1,
    }
    once = {key for key, _ in keys.rows() if "[]." not in key}
    assert {key: count for key, count in shown.items() if key not in per_host} == dict.fromkeys(once, 1)


def declared(of=None, prefix=""):
    """Every key, sections too, under the name that every_key gives it."""
    for name, key in (of or keys.inventory()).keys.items():
        yield prefix + name, key
        mark = {Named: ".{}", Many: "[]"}.get(type(key.kind), "")
        if inner := section_of(key.kind):
            yield from declared(inner, f"{prefix}{name}{mark}.")


def test_the_comment_above_each_key_is_its_help_text(example):
    lines = example.read_text().splitlines()
    shown: dict[str, str] = {}
    for name, line, _ in every_key(example):
        shown.setdefault(name, comment_above(lines, line))
    per_host = re.compile(r"nodes\[\]\.|masters\[\]\.ssh")  # said once, at the first master and under ssh
    assert {name: text for name, text in shown.items() if not per_host.match(name)} == {
        name: key.help for name, key in declared() if not per_host.match(name)
    }
    assert all(shown[name] for name in shown if not per_host.match(name))


def test_with_every_commented_key_in_force_it_still_loads(example):
    loaded = load(str(example), environ={"HOME": str(example.parent)}, resolve_secrets=False)
    assert loaded.warnings == ()


def test_the_values_shown_are_the_defaults(example):
    as_shown = load(str(example), environ={"HOME": str(example.parent)}, resolve_secrets=False).spec
    default = load(str(EXAMPLE), environ={"HOME": str(example.parent)}).spec
    assert dataclasses.replace(as_shown.os, repositories={}, kernel=default.os.kernel) == default.os
    assert dataclasses.replace(as_shown.runtime, registries={}) == default.runtime
    for section in ("cluster", "calico", "metrics_server", "kube_proxy", "kubeadm"):
        assert getattr(as_shown, section) == getattr(default, section)
    shown_ssh, default_ssh = as_shown.masters[0].ssh, default.masters[0].ssh
    for field in dataclasses.fields(default_ssh):
        if getattr(default_ssh, field.name) is not None:
            assert getattr(shown_ssh, field.name) == getattr(default_ssh, field.name)


def test_four_lines_are_marked_for_the_newcomer():
    assert re.findall(r"# \((\d)\)", EXAMPLE.read_text()) == ["1", "2", "3", "4"]


def test_the_keys_fill_every_field_of_the_model():
    def check(section):
        fields = {field.name for field in dataclasses.fields(section.becomes)}
        assert {key.field for key in section.keys.values()} - {"ssh"} == fields - {"ssh", "role", "said"}
        for key in section.keys.values():
            if inner := section_of(key.kind):
                check(inner)

    check(keys.inventory())


def test_kinds_and_defaults_agree():
    for name, key in keys.rows():
        if isinstance(key.kind, Text) and key.default == "":
            assert key.kind.may_be_empty, name
        if isinstance(key.kind, Flag):
            assert isinstance(key.default, bool)
        if isinstance(key.kind, Free):
            assert key.default == {}
