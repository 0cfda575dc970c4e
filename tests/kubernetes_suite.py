"""Kubernetes' own end-to-end tests, run from this machine against a lab's cluster."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from on_lab import MASTER, ROOT, Lab

MINORS = ("1.37",)
"""That the suite is built for."""
PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


@dataclass(frozen=True)
class Outcome:
    """What came of a test."""

    state: str
    seconds: float
    words: str = ""


@dataclass(frozen=True)
class Suite:
    """The directory of the built suite."""

    programs: Path

    def names(self) -> list[str]:
        """The conformance tests that it has."""
        said = subprocess.run(
            [self.programs / "e2e.test", "--list-conformance-tests"],
            capture_output=True,
            text=True,
            check=True,
            cwd=self.programs,
        )
        return [each["codename"] for each in yaml.safe_load(said.stdout)]

    def run(
        self, lab: Lab, names: Sequence[str], reports: Path, *, at_once: int, seconds: int
    ) -> dict[str, Outcome]:
        """What came of each of these tests; one that ginkgo did not run is not in it. Its log is reports/log."""
        command = [
            *(self.programs / "ginkgo", f"--procs={at_once}", f"--timeout={seconds}s", "--no-color"),
            *(f"--focus={focus(names)}", "--silence-skips", self.programs / "e2e.test", "--"),
            *(f"--kubeconfig={kubeconfig(lab, reports)}", f"--kubectl-path={kubectl(lab)}"),
            *("--provider=skeleton", f"--report-dir={reports}"),
        ]
        with (reports / "log").open("w") as log:
            subprocess.run(command, stdout=log, stderr=log, cwd=reports, timeout=seconds + 300, check=False)
        found = reports / "junit_01.xml"
        assert found.exists(), (reports / "log").read_text()[-4000:]
        return {name: of for name, of in outcomes(found.read_text()).items() if name in set(names)}


def built(minor: str) -> Suite:
    """The suite of a version; building it takes ten minutes, once."""
    command = [sys.executable, "-B", ROOT / "tests/lab/mirrors/suite.py", "--kubernetes", minor]
    done = subprocess.run(command, capture_output=True, text=True, timeout=5400, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return Suite(Path(done.stdout.splitlines()[-1]))


def focus(names: Iterable[str]) -> str:
    """Ginkgo's regular expression for exactly these tests: Go has no other words for a text as it stands."""
    return "(?:" + "|".join(rf"\Q{name}\E" for name in names) + ")$"


def outcomes(junit: str) -> dict[str, Outcome]:
    """What a report of JUnit's form says, by the tests' names."""
    cases = ET.fromstring(junit).iter("testcase")
    return {case.get("name", "").removeprefix("[It] "): _outcome(case) for case in cases}


def _outcome(case: ET.Element) -> Outcome:
    seconds = float(case.get("time", "0"))
    for bad in (*case.findall("failure"), *case.findall("error")):
        return Outcome(FAILED, seconds, bad.get("message") or (bad.text or ""))
    skipped = case.find("skipped")
    if skipped is not None:
        return Outcome(SKIPPED, seconds, skipped.get("message") or "")
    return Outcome(PASSED, seconds)


def kubeconfig(lab: Lab, reports: Path) -> Path:
    """The administrator's kubeconfig, for this user alone."""
    path = reports / "kubeconfig"
    path.touch(mode=0o600)
    path.write_text(lab.ssh(MASTER, "cat", "/etc/kubernetes/admin.conf"))
    return path


def kubectl(lab: Lab) -> Path:
    """The master's kubectl; its root file system is a directory of this machine."""
    hosts = json.loads(lab.control("status", "--json"))["hosts"]
    return Path(next(host["root"] for host in hosts if host["name"] == MASTER)) / "usr/bin/kubectl"
