"""Whatever a file of others holds, k8sboot has a value or a tidy error: inventories, plans, journals, known_hosts."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
import strategies as some
import yaml
from hypothesis import given
from hypothesis import strategies as st

from k8sboot.console.problems import format_problem
from k8sboot.errors import InventoryError, K8sbootError
from k8sboot.inventory import keys
from k8sboot.inventory.load import load
from k8sboot.journal.render import render, render_error
from k8sboot.journal.summary import parse, steps_of, summary_of
from k8sboot.plans.file import read_plan
from k8sboot.ssh import known_hosts

EXAMPLE = (Path(__file__).parents[2] / "inventory.example.yaml").read_text()
KEYS = sorted({part for key, _ in keys.rows() for part in key.replace("[]", "").split(".")})
trees = st.recursive(
    some.scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | some.texts, inner, max_size=5)
    ),
    max_leaves=25,
)
inventories = (
    st.binary(max_size=300)
    | some.twisted([EXAMPLE]).map(lambda text: text.encode("utf-8", "replace"))
    | st.dictionaries(st.sampled_from(sorted(keys.inventory().keys)), trees).map(
        lambda tree: yaml.safe_dump(tree, allow_unicode=True).encode("utf-8", "replace")
    )
)


@given(inventories)
def test_inventory(folder, raw):
    path = folder / "inventory.yaml"
    path.write_bytes(raw)
    try:
        load(str(path), environ={"X": "x\ny", "HOME": "/nonexistent"}, resolve_secrets=False)
    except InventoryError as error:
        shown = "".join(format_problem(problem) for problem in error.problems)
        assert shown
        assert "\x1b" not in shown


STEP = {"phase": "hosts", "host": "m1", "changes": [{"what": "x", "diff": "", "commands": []}], "unknown": []}
PLAN = json.dumps(
    {
        "format": "k8sboot-plan",
        "version": 1,
        "k8sboot": "x",
        "created": "x",
        "cluster": "c",
        "limit": None,
        "hosts": [{"name": "m1", "address": "192.0.2.1"}],
        "phases": ["hosts"],
        "inventory": {"cluster": "0"},
        "steps": [STEP],
        "differs": [],
        "failed": [],
        "summary": {"changes": 1, "hosts": 1, "unknown": 0, "differs": 0},
    }
)


@given(some.twisted([PLAN], ['"hosts"', "[]", "{}", "null"]) | some.values.map(json.dumps) | some.texts)
def test_plan(folder, text):
    path = folder / "plan.json"
    path.write_bytes(text.encode("utf-8", "replace"))
    with suppress(K8sbootError):
        str(read_plan(str(path)).as_json())


EVENTS = [
    "Journal",
    "RunStarted",
    "PhaseStarted",
    "PhaseEnded",
    "Unknown",
    "Skipped",
    "Failed",
    "Changing",
    "Changed",
    "Notice",
    "RunEnded",
    "Output",
    "Evidence",
    "Differs",
    "Waiting",
    "Working",
    "Connected",
    "Other",
]
FIELDS = [
    "time",
    "host",
    "phase",
    "what",
    "seconds",
    "changes",
    "hosts",
    "limit",
    "phases",
    "error",
    "code",
    "commands",
]
records = st.fixed_dictionaries(
    {"event": st.sampled_from(EVENTS) | some.scalars},
    optional={name: some.values | st.sampled_from(["h1", "hosts"]) for name in FIELDS},
)


@given(st.lists(records.map(json.dumps) | some.texts, max_size=8))
def test_journal(lines):
    found = [*parse(lines)]
    summary = summary_of(found)
    str([summary.unfinished, summary.failed, summary.was_cut, summary.faults, summary.could_alter])
    for record in [*found, *steps_of(found, "h1")]:
        "".join(render(record)).encode("utf-8", "backslashreplace")
    for error in summary.errors:
        render_error(error)


BLOBS = [b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes([number]) * 32 for number in (1, 2)]
HOSTS = ["a", "b.example", "a.example", "192.0.2.1", "[a]:2222", "2001:db8::1"]
PATTERNS = [
    *HOSTS,
    "*",
    "?",
    "!a",
    "!*",
    "*.example",
    "*,!a",
    "[a]:*",
    "A",
    "a,b.example",
    "",
    "|1|x|y",
    "[a",
    "a]",
    "*a*",
]


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="no ssh-keygen")
@given(st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=4), st.sampled_from(HOSTS), st.data())
def test_known_hosts_as_ssh_keygen_reads_them(folder, patterns, host, data):
    keys_of = [data.draw(st.sampled_from(BLOBS)) for _ in patterns]
    path = folder / "known_hosts"
    path.write_text(
        "".join(
            f"{p} ssh-ed25519 {base64.b64encode(k).decode()}\n"
            for p, k in zip(patterns, keys_of, strict=True)
        )
    )
    asked = subprocess.run(
        ["ssh-keygen", "-F", host, "-f", str(path)], capture_output=True, text=True, check=False
    )
    theirs = {line.split()[-1] for line in asked.stdout.splitlines() if line.startswith("# Host ")}
    entries, _ = known_hosts.read([path])
    ours = {e.where.rpartition(":")[2] for e in entries if known_hosts.matches(e.hosts, host)}
    assert ours == theirs


@given(
    st.binary(max_size=200)
    | some.lines([*PATTERNS, "ssh-ed25519", "@revoked", "AAAA"]).map(lambda t: t.encode("utf-8", "replace"))
)
def test_known_hosts(folder, raw):
    path = folder / "known_hosts"
    path.write_bytes(raw)
    entries, _ = known_hosts.read([path])
    known_hosts.judge(entries, host="a", port=2222, key=BLOBS[0])
