"""docs/conformance.md: what the suite said, and of what."""

from __future__ import annotations

import datetime
import json
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from kubernetes_suite import FAILED, PASSED, Outcome
from on_lab import ROOT, Lab

PAGE = ROOT / "docs/conformance.md"
ABOUT = """\
`make conformance` brings up the newest Kubernetes on the lab's hosts and runs those of Kubernetes' own tests that are
marked `[Conformance]`, except the list in `tests/conformance/left-out.yaml`. It writes this page. This is not a
certification, which requires all tests and upstream's images: `tests/lab/mirrors/README.md` names the stand-ins."""
NODE = {"Kubernetes": "kubeletVersion", "Runtime": "containerRuntimeVersion", "Hosts": "osImage"}
POD_NETWORK = ("get", "daemonset", "kube-router", "-o", "jsonpath={.spec.template.spec.containers[0].image}")
PROXY = ("get", "configmap", "kube-proxy", "-o", "yaml")


def write(
    lab: Lab, ran: Mapping[str, Outcome], left: Mapping[str, str], seconds: float, path: Path = PAGE
) -> None:
    """Write the page; it holds what was seen in one run."""
    today = datetime.datetime.now(tz=datetime.timezone.utc).date()
    path.write_text(page(facts(lab), ran, left, f"{today}, in {seconds / 60:.0f} minutes"))


def facts(lab: Lab) -> dict[str, str]:
    """The versions that the cluster reports."""
    node = json.loads(lab.kubectl("get", "nodes", "-o", "json"))["items"][0]["status"]["nodeInfo"]
    settings = lab.kubectl("-n", "kube-system", *PROXY).splitlines()
    return {
        **{title: node[name] for title, name in NODE.items()},
        "Kernel": ".".join(node["kernelVersion"].split(".")[:2]),
        "Pod network": lab.kubectl("-n", "kube-system", *POD_NETWORK),
        "kube-proxy's mode": next(line.split()[-1] for line in settings if line.strip().startswith("mode:")),
        "Hosts' processors": f"{os.cpu_count()}, which a master and two nodes share",
    }


def page(versions: Mapping[str, str], ran: Mapping[str, Outcome], left: Mapping[str, str], when: str) -> str:
    """The whole text."""
    passed = sorted(name for name, outcome in ran.items() if outcome.state == PASSED)
    failed = sorted(name for name, outcome in ran.items() if outcome.state == FAILED)
    waiting = sorted(set(ran) - {*passed, *failed})
    counts = f"{len(passed)} of {len(ran)} passed; {len(left)} of {len(ran) + len(left)} were left out."
    parts = [
        "# Conformance",
        ABOUT,
        f"Last run: {when}. {counts}",
        _table(("What", "Version"), versions),
        "## Left out",
        _table(("Why", "Tests"), Counter(left.values())),
        *_section("Failed", failed),
        *_section("Not run", waiting),
        "## Passed",
        _table(("Of", "Tests"), Counter(name[1:].partition("]")[0] for name in passed)),
    ]
    return "\n\n".join(parts) + "\n"


def _section(title: str, names: list[str]) -> list[str]:
    return [f"## {title}", "\n".join(f"- {name}" for name in names)] if names else []


def _table(head: tuple[str, str], rows: Mapping[str, object]) -> str:
    lines = [f"| {name} | {value} |" for name, value in rows.items()]
    return "\n".join([f"| {head[0]} | {head[1]} |", "|---|---|", *lines])
