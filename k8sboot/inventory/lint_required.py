"""Lint of what an inventory must set: the version of Kubernetes, which no default could keep current."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby

from k8sboot.inventory.model import Spec
from k8sboot.inventory.problems import LintProblem
from k8sboot.kubernetes import releases

EARLIER = {
    "cluster.kubernetesVersion": "v1.23.17",
    "cluster.imageRepository": "registry.cn-hangzhou.aliyuncs.com/google_containers",
    "mirror": "aliyun",
    "os.timezone": "Asia/Shanghai",
    "os.ntpServers": "[ntp.aliyun.com]",
    "runtime.name": "docker",
    "kubeProxy.mode": "ipvs",
    "calico.version": "v3.25.2",
}
"""Defaults that k8sboot had before its inventories named a version: those that a cluster of that time relies on."""


def lint_required(spec: Spec) -> Iterator[LintProblem]:
    """The version is missing: the newest ones, and the lines that keep a cluster of an earlier k8sboot as it is."""
    if spec.cluster.kubernetes_version:
        return
    yield LintProblem(
        "KB-VERSION-MISSING",
        "`cluster.kubernetesVersion` is missing: say which version to install",
        (("cluster", "kubernetesVersion"), ("cluster",), ()),
        f"set it; the newest known: {_newest()}; `k8sboot releases` shows what each needs. "
        "If an earlier k8sboot made the cluster, these lines keep it as it is:",
        paste=keeping_lines(spec.said),
    )


def _newest() -> str:
    living = releases.living(datetime.now(UTC).date()) or (releases.NEWEST,)
    return ", ".join(f"{row.newest} (until {row.ends})" for row in reversed(living))


def keeping_lines(said: frozenset[str]) -> tuple[str, ...]:
    """What a file that sets these keys lacks of EARLIER, as lines of YAML."""
    found = {*said, *(["mirror"] if "os.mirror" in said else [])}
    missing = [name for name in EARLIER if name not in found]
    sections = {name.partition(".")[0] for name in said}
    lines: list[str] = []
    for section, names in groupby(missing, key=lambda name: name.partition(".")[0]):
        if section in EARLIER:  # a key at the top
            lines.append(f"{section}: {EARLIER[section]}")
            continue
        lines.append(
            f"{section}:{'  # the file has it: add these lines to it' if section in sections else ''}"
        )
        lines += [f"  {name.partition('.')[2]}: {EARLIER[name]}" for name in names]
    return tuple(lines)
