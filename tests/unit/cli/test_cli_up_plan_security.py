"""A plan file that somebody else has edited: nothing that nobody reviewed is carried out."""

from __future__ import annotations

import hashlib
import json

import pytest
from command_line import untouched


def _without(plan, host):
    kept = [step for step in plan["steps"] if step["host"] != host]
    return {
        **plan,
        "hosts": [each for each in plan["hosts"] if each["name"] != host],
        "steps": kept,
        "summary": {
            **plan["summary"],
            "changes": sum(len(step["changes"]) for step in kept),
            "hosts": len({step["host"] for step in kept if step["changes"]}),
            "unknown": sum(len(step["unknown"]) for step in kept),
        },
    }


def _empty(plan):
    return {**plan, "hosts": [], "steps": [], "summary": dict.fromkeys(plan["summary"], 0)}


def _address(plan):
    return {**plan, "hosts": [{**each, "address": "192.0.2.77"} for each in plan["hosts"]]}


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (_empty, "not in the plan: host m1"),
        (lambda plan: _without(plan, "n2"), "not in the plan: host n2"),
        (lambda plan: {**plan, "hosts": [*plan["hosts"], {"name": "n9", "address": "x"}]}, "host n9"),
        (_address, "planned '192.0.2.77', now '192.0.2.1'"),
        (lambda plan: {**plan, "limit": ["n1"]}, "in the plan only: host n2"),
        (lambda plan: {**plan, "phases": plan["phases"][::-1]}, "the order of the phases"),
    ],
)
def test_an_edited_plan_is_told_before_the_first_connection(k8sboot, kept, edit, says):
    kept.write_text(json.dumps(edit(json.loads(kept.read_text()))))
    said = k8sboot(f"up --yes --plan {kept}")
    assert said.code == 1
    assert "KB-PLAN-CHANGED" in said.err
    assert says in said.err
    assert k8sboot.asked == []


def test_a_plan_without_its_steps_is_no_permission_for_them(k8sboot, kept):
    plan = json.loads(kept.read_text())
    kept.write_text(json.dumps({**_empty(plan), "hosts": plan["hosts"]}))
    said = k8sboot(f"up --yes --plan {kept}")
    assert said.code == 1
    assert "error[KB-PLAN-CHANGED] m1: hosts" in said.err
    assert untouched(k8sboot)


def _doubled(plan):
    return {**plan, "steps": [{**plan["steps"][0], "changes": []}, *plan["steps"]]}


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda plan: json.dumps(_doubled(plan)), "twice"),
        (lambda plan: json.dumps({**plan, "hosts": [*plan["hosts"], plan["hosts"][0]]}), "twice"),
        (lambda plan: json.dumps({**plan, "phases": [*plan["phases"], "hosts"]}), "twice"),
        (lambda plan: '{"steps": [],' + json.dumps(plan)[1:], "twice"),
        (lambda plan: json.dumps({**plan, "steps": [{**plan["steps"][0], "host": "n9"}]}), "n9"),
        (lambda plan: json.dumps({**plan, "steps": [{**plan["steps"][0], "phase": "settle?"}]}), "settle?"),
        (lambda plan: json.dumps({**plan, "summary": {**plan["summary"], "changes": 0}}), "summary"),
        (lambda plan: json.dumps({**plan, "created": "\x1b[2K yesterday"}), "created"),
    ],
)
def test_a_plan_that_contradicts_itself_is_no_plan(k8sboot, kept, edit, says):
    kept.write_text(edit(json.loads(kept.read_text())))
    said = k8sboot(f"up --yes --plan {kept}")
    assert said.code == 2
    assert "KB-PLAN-FILE" in said.err
    assert says in said.err
    assert k8sboot.asked == []


def test_a_plan_is_told_with_its_sum_and_up_demands_it(k8sboot, inventory):
    path = inventory.parent / "plan of today.json"
    told = k8sboot("plan --to hosts --out", str(path)).err
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert f"SHA-256 {digest}" in told
    assert f"k8sboot up --plan '{path}' --sha256 {digest}" in told
    k8sboot.asked.clear()
    path.write_text(path.read_text() + " ")
    said = k8sboot("up --yes --plan", str(path), "--sha256", digest)
    assert (said.code, k8sboot.asked) == (2, [])
    assert "KB-PLAN-FILE" in said.err
    assert digest in said.err
    path.write_text(path.read_text()[:-1])
    assert k8sboot("up --yes --plan", str(path), "--sha256", digest.upper()).code == 0


@pytest.mark.parametrize("options", ["--plan plan.json --sha256 abc", f"--sha256 {'0' * 64}"])
def test_a_sum_that_is_none_or_of_no_plan_is_refused(k8sboot, kept, options):
    said = k8sboot(f"up --yes {options}")
    assert (said.code, k8sboot.asked) == (2, [])
    assert "--sha256" in said.err
