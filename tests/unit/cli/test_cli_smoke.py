"""k8sboot smoke: its rows as text, JSON and JUnit; what the command line refuses."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

from k8sboot.cli.smoke_report import Report
from k8sboot.errors import Refused, StepFailed
from k8sboot.events import Checked, Failed, RunEnded
from k8sboot.phases.smoke import TITLES


def report() -> Report:
    made = Report("lab")
    bad = "no answer from 10.96.0.10 \x1b[31m<&>\x00"
    for event in (
        Checked(row="dns", title=TITLES["dns"], outcome="failed", seconds=60.2, seen=bad,
                code="KB-DNS-DOWN", why="CoreDNS does not run", fix="scale it"),
        Checked(row="image", title=TITLES["image"], outcome="passed", seconds=3.0, seen="runs on 3 nodes"),
        Checked(row="metrics", title=TITLES["metrics"], outcome="skipped", seconds=0.0, seen="off"),
        RunEnded(changes={}, failed=("m1",), is_dry=False, seconds=61.0),
    ):  # fmt: skip
        made(event)
    return made


def test_rows_are_in_their_order_and_counted():
    lines = report().as_text().splitlines()
    assert [line.split()[:2] for line in lines[:-1]] == [
        ["image", "passed"],
        ["dns", "failed"],
        ["metrics", "skipped"],
    ]
    assert lines[-1] == "1 passed, 1 failed, 1 skipped, 61.0 s"
    assert "\x1b" not in report().as_text()
    narrow = report().as_text(30).splitlines()
    assert max(map(len, narrow[:-1])) == 30
    assert narrow[1].endswith("…")


def test_json_has_the_cause_and_the_cure():
    found = report().as_json()
    assert (found["passed"], found["failed"], found["skipped"]) == (1, 1, 1)
    assert found["rows"][1] | {"seen": ""} == {
        "row": "dns", "title": TITLES["dns"], "outcome": "failed", "seconds": 60.2, "seen": "",
        "code": "KB-DNS-DOWN", "why": "CoreDNS does not run", "fix": "scale it",
    }  # fmt: skip
    assert json.dumps(found)


def test_junit_is_xml_with_a_case_for_each_row():
    suite = ET.fromstring(report().as_junit())
    assert suite.attrib | {"name": ""} == {
        "name": "", "tests": "3", "failures": "1", "skipped": "1", "errors": "0", "time": "61.0"
    }  # fmt: skip
    cases = {case.attrib["name"]: case for case in suite}
    failure = cases["dns"].find("failure")
    assert failure is not None
    assert failure.attrib["type"] == "KB-DNS-DOWN"
    assert "fix: scale it" in (failure.text or "")
    assert cases["metrics"].find("skipped") is not None


def test_a_run_that_failed_before_its_rows_is_not_green():
    made = Report("lab")
    refused = Refused(
        "the namespace exists", why="no label", fix="rename it", host="m1", code="KB-SMOKE-NAMESPACE"
    )
    rows = StepFailed("1 row failed", why="dns", fix="repair", host="m1", code="KB-SMOKE")
    for error in (refused, rows):
        made(Failed(host="m1", phase="smoke", error=error))
    told = {"code": "KB-SMOKE-NAMESPACE", "host": "m1", "what": "the namespace exists", "why": "no label"}
    assert made.as_json()["errors"] == [told | {"fix": "rename it"}]
    suite = ET.fromstring(made.as_junit())
    assert (suite.attrib["tests"], suite.attrib["errors"]) == ("1", "1")
    error = suite[0].find("error")
    assert error is not None
    assert error.attrib == {"type": "KB-SMOKE-NAMESPACE", "message": "the namespace exists"}


def test_the_rows_are_listed_without_an_inventory(k8sboot):
    said = k8sboot("smoke --list")
    assert said.code == 0
    assert [line.split()[0] for line in said.out.splitlines()] == list(TITLES)


def test_a_row_that_does_not_exist_is_refused_with_a_similar_one(k8sboot):
    said = k8sboot("smoke --only pod-netwrok")
    assert said.code == 2
    assert "did you mean 'pod-network'?" in said.err
    assert k8sboot.asked == []


def test_up_names_the_smoke_test_at_its_end(k8sboot):
    assert "next: k8sboot smoke" in k8sboot("up --yes").err
    assert "k8sboot smoke" not in k8sboot("up --yes --to kernel").err
    assert "k8sboot smoke" not in k8sboot("up --dry-run").err
